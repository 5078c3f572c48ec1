#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {
namespace {

// Maps of a pixel side by side.
dnnl::memory::desc by_pixel(const Shape& shape) {
  return {{shape.n, shape.c, shape.h, shape.w}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::nhwc};
}

int in_order(PlanBuilder& plan, int node, int tensor) {
  return plan.in_layout(tensor, by_pixel(plan.network().shape(node, plan.images())));
}

// The softmax of every query and head.
dnnl::memory::desc layout_of_scales(const AttentionShape& shape) {
  constexpr int kFloats = sizeof(SoftmaxScale) / sizeof(float);
  return plain_layout({static_cast<int>(shape.images), static_cast<int>(shape.heads),
                       static_cast<int>(shape.pixels), kFloats});
}

}  // namespace

int lower_attention(PlanBuilder& plan, const AttentionStep& step, LoweredAttention& lowered, bool keeps) {
  const std::size_t first_step = plan.step_count();
  const Network& network = plan.network();
  const auto heads = to_index(step.op.heads);
  lowered.shape = {.images = to_index(plan.images()),
                   .pixels = to_index(network.image_height) * to_index(network.image_width),
                   .heads = heads,
                   .key = to_index(network.node(step.op.key).channels) / heads,
                   .value = to_index(network.node(step.op.value).channels) / heads};
  lowered.query = in_order(plan, step.op.query, lowered.query);
  lowered.key = in_order(plan, step.op.key, lowered.key);
  lowered.value = in_order(plan, step.op.value, lowered.value);
  if (keeps) lowered.scales = plan.new_tensor(layout_of_scales(lowered.shape));
  const int dst = plan.attention(lowered);
  plan.note_implementation(step.dst, "forward", plan.vector_kernels().name, first_step);
  return dst;
}

PlanBuilder::AttentionDiffs lower_attention_backward(PlanBuilder& plan, const AttentionStep& step,
                                                     const LoweredAttention& lowered, int dst, int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const auto diffs = plan.attention_backward(lowered, dst, in_order(plan, step.dst, diff_dst));
  plan.note_implementation(step.dst, "backward data", plan.vector_kernels().name, first_step);
  return diffs;
}

int lower_positions(PlanBuilder& plan, const PositionsStep& step) {
  const std::size_t first_step = plan.step_count();
  const int dst = plan.positions(plan.network().shape(step.dst, plan.images()));
  plan.note_implementation(step.dst, "forward", "plain", first_step);
  return dst;
}

}  // namespace pcnn

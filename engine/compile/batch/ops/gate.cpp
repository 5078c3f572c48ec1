#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {
namespace {

using Tag = dnnl::memory::format_tag;

dnnl::memory::desc with_maps(const dnnl::memory::desc& desc, dnnl::memory::dim maps, Tag tag) {
  dnnl::memory::dims dims = dnnl_compat::dims_of(desc);
  dims[1] = maps;
  return {dims, dnnl_compat::data_type_of(desc), tag};
}

}  // namespace

int lower_gate(PlanBuilder& plan, int node, LoweredGate& lowered) {
  const std::size_t first_step = plan.step_count();
  const Shape dst = plan.network().shape(node, plan.images());
  const auto groups = to_index(plan.network().groups), maps = to_index(dst.c) / groups,
             pixels = to_index(dst.h) * to_index(dst.w), images = to_index(dst.n);
  const dnnl::memory::desc given = plan.desc(lowered.src);
  const auto in_tag = [&](Tag tag) { return with_maps(given, 2 * dst.c, tag); };
  const auto is_blocked = [&](Tag tag, std::size_t size) { return maps % size == 0 && given == in_tag(tag); };

  // The halves of a group lie side by side: planes or blocks of maps, or the maps of a pixel.
  Tag tag = Tag::nchw;
  if (is_blocked(Tag::nChw16c, 16)) tag = Tag::nChw16c;
  if (is_blocked(Tag::nChw8c, 8)) tag = Tag::nChw8c;
  if (given == in_tag(Tag::nhwc)) tag = Tag::nhwc;
  lowered.halves = tag == Tag::nhwc ? GateHalves{.count = images * pixels * groups, .size = maps}
                                    : GateHalves{.count = images * groups, .size = maps * pixels};
  lowered.src = plan.in_layout(lowered.src, in_tag(tag));
  const int result = plan.gate(lowered, with_maps(given, dst.c, tag));
  plan.note_implementation(node, "forward", plan.vector_kernels().name, first_step);
  return result;
}

int lower_gate_backward(PlanBuilder& plan, int node, const LoweredGate& lowered, int dst, int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const int diff_src = plan.gate_backward(lowered, dst, diff_dst);
  plan.note_implementation(node, "backward data", plan.vector_kernels().name, first_step);
  return diff_src;
}

}  // namespace pcnn

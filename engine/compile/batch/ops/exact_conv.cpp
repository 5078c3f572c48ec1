#include <stdexcept>

#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {
namespace {

// Without its pointers; the stored kernel has this size.
PlaneConv plane_conv(const PlanBuilder& plan, const ConvStep& step, std::span<const KernelTap> taps,
                     int kernel_height, int kernel_width) {
  const Shape src = plan.network().shape(step.op.src, plan.images());
  return {.images = src.n,
          .height = src.h,
          .width = src.w,
          .in_channels = src.c,
          .filters = plan.network().node(step.conv).channels,
          .kernel_height = kernel_height,
          .kernel_width = kernel_width,
          .tap_count = static_cast<int>(taps.size()),
          .reach = reach_of(taps)};
}

const Parameter& parameter(const PlanBuilder& plan, int index) {
  return plan.network().parameters[to_index(index)];
}

}  // namespace

int lower_exact_conv(PlanBuilder& plan, const ConvStep& step, int src, LoweredConv& lowered) {
  const std::size_t first_step = plan.step_count();
  const MaskedConvOp& op = step.op;
  if (!inputs(plan.network().node(op.src).op).empty() || op.mask.groups != 1)
    throw std::logic_error("an exact convolution of what is no image, or in channel groups");
  const Shape dst = plan.network().shape(step.conv, plan.images());
  const LiveBox box = live_box(op.mask, op.kernel_height, op.kernel_width);
  const std::size_t kernel = plan.packed_kernel(
      op.weight, plain_layout({.n = dst.c, .c = op.in_channels, .h = box.rows, .w = box.columns}));
  lowered.src = src;
  PlaneConvStep forward{.conv = {},
                        .taps = kernel_taps(step),
                        .src = src,
                        .kernel = kernel,
                        .bias = parameter(plan, op.bias).offset,
                        .dst = plan.new_tensor(plain_layout(dst))};
  forward.conv = plane_conv(plan, step, forward.taps, box.rows, box.columns);
  const int result = forward.dst;
  plan.plane_conv(std::move(forward));
  plan.note_implementation(step.conv, "forward", plan.vector_kernels().name, first_step);
  return result;
}

void lower_exact_conv_backward_weights(PlanBuilder& plan, const ConvStep& step, const LoweredConv& lowered,
                                       int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const MaskedConvOp& op = step.op;
  PlaneConvBackwardStep backward{
      .conv = {},
      .taps = kernel_taps(step),
      .src = lowered.src,
      .diff_dst = plan.in_layout(diff_dst, plain_layout(plan.network().shape(step.conv, plan.images()))),
      .weights = parameter(plan, op.weight).offset,
      .bias = parameter(plan, op.bias).offset};
  backward.conv = plane_conv(plan, step, backward.taps, op.kernel_height, op.kernel_width);
  plan.plane_conv_backward(std::move(backward));
  plan.note_implementation(step.conv, "backward weights", plan.vector_kernels().name, first_step);
}

}  // namespace pcnn

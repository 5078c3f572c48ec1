// A masked convolution by a kernel of our own, between maps in blocks: it computes live taps alone, and joins
// the passes over its result that other steps would be.

#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {
namespace {

// To the maps of `filters`, from those of `channels`, over images like the op's source.
BlockedConvStep blocked_step(PlanBuilder& plan, const ConvStep& step, int channels, int filters,
                             std::vector<KernelTap> taps) {
  const Shape src = plan.network().shape(step.op.src, plan.images());
  BlockedConvStep made{.conv = {.images = src.n,
                                .height = src.h,
                                .width = src.w,
                                .in_channels = channels,
                                .filters = filters,
                                .tap_count = static_cast<int>(taps.size()),
                                .reach = reach_of(taps)},
                       .taps = std::move(taps)};
  made.dst = plan.new_blocks({.n = src.n, .c = filters, .h = src.h, .w = src.w});
  return made;
}

}  // namespace

bool is_blocked(const PlanBuilder& plan, const MaskedConvOp& op) {
  return plan.crops_kernels() && plan.vector_kernels().blocked_conv &&
         plan.data_type() == dnnl::memory::data_type::f32 && !inputs(plan.network().node(op.src).op).empty();
}

int lower_blocked_conv(PlanBuilder& plan, const ConvStep& step, const FusedOps& fused, int src,
                       LoweredConv& lowered) {
  const std::size_t first_step = plan.step_count();
  const MaskedConvOp& op = step.op;
  lowered.src = plan.in_blocks(src);
  BlockedConvStep forward =
      blocked_step(plan, step, op.in_channels, plan.network().node(step.conv).channels, kernel_taps(step));
  forward.activation = step.activation;
  forward.src = lowered.src;
  forward.kernel = plan.packed_blocks(op.weight, forward.taps, false);
  forward.bias = plan.network().parameters[to_index(op.bias)].offset;
  if (fused.skip >= 0) forward.added = plan.in_blocks(fused.skip);
  const int dst = plan.blocked_conv(std::move(forward));
  plan.note_implementation(step.conv, "forward", plan.vector_kernels().name, first_step);
  return dst;
}

int lower_blocked_conv_backward_data(PlanBuilder& plan, const ConvStep& step, const FusedGradient& fused,
                                     int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const MaskedConvOp& op = step.op;
  std::vector<KernelTap> taps = kernel_taps(step);
  const std::size_t kernel = plan.packed_blocks(op.weight, taps, true);
  // A pixel's gradient comes from those that read it.
  for (KernelTap& tap : taps) tap.down = -tap.down, tap.right = -tap.right;
  const int src = plan.in_blocks(diff_dst);
  const int added = fused.added < 0 ? -1 : plan.in_blocks(fused.added);
  BlockedConvStep backward =
      blocked_step(plan, step, plan.network().node(step.conv).channels, op.in_channels, std::move(taps));
  backward.src = src;
  backward.kernel = kernel;
  backward.added = added;
  backward.derivative = fused.derivative;
  backward.value = fused.value;
  const int diff_src = plan.blocked_conv(std::move(backward));
  plan.note_implementation(step.conv, "backward data", plan.vector_kernels().name, first_step);
  return diff_src;
}

}  // namespace pcnn

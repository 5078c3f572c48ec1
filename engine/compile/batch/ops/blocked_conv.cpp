// A masked convolution by a kernel of our own, between maps in blocks: it computes live taps alone, and joins
// the passes over its result that other steps would be.

#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {
namespace {

// Those of the step that read inside the image for some pixel of it.
std::vector<KernelTap> taps_inside(const PlanBuilder& plan, const ConvStep& step) {
  const Shape image = plan.network().shape(step.op.src, plan.images());
  std::vector<KernelTap> taps = kernel_taps(step);
  std::erase_if(taps, [&](const KernelTap& tap) { return !reads_inside(tap, image.h, image.w); });
  return taps;
}

int maps_of_word(const PlanBuilder& plan) {
  return plan.data_type() == dnnl::memory::data_type::bf16 ? kMapsOfBf16Word : 1;
}

// To the maps of `filters`, from those of `channels`, over images like the op's source.
BlockedConvStep blocked_step(PlanBuilder& plan, const ConvStep& step, int channels, int filters,
                             int source_block, std::vector<KernelTap> taps) {
  const Shape src = plan.network().shape(step.op.src, plan.images());
  BlockedConvStep made{.conv = {.images = src.n,
                                .height = src.h,
                                .width = src.w,
                                .in_channels = channels,
                                .filters = filters,
                                .source_block = source_block,
                                .maps_of_word = maps_of_word(plan),
                                .tap_count = static_cast<int>(taps.size()),
                                .reach = reach_of(taps)},
                       .taps = std::move(taps)};
  made.dst = plan.new_blocks({.n = src.n, .c = filters, .h = src.h, .w = src.w});
  return made;
}

// Of maps in blocks.
BlockedKernel blocked_kernel(const PlanBuilder& plan, const std::vector<KernelTap>& taps) {
  const TrainingKernels& kernels = plan.vector_kernels();
  if (maps_of_word(plan) == 1) return {.taps = taps, .channel_block = kernels.lanes};
  return {.taps = taps,
          .channel_block = kernels.bf16_convolutions->channel_block,
          .maps_of_word = kMapsOfBf16Word};
}

BlockedKernel kernel_of_planes(const PlanBuilder& plan, const std::vector<KernelTap>& taps) {
  if (maps_of_word(plan) == 1) return {.taps = taps, .channel_block = 1};
  return {.pairs = in_pairs(taps), .channel_block = kMapsOfBf16Word, .maps_of_word = kMapsOfBf16Word};
}

// What the words of its source are, relative to the pixel.
std::vector<KernelTap> places_of(const BlockedKernel& kernel) {
  std::vector<KernelTap> places = kernel.taps;
  for (const TapPair& pair : kernel.pairs) places.push_back(pair.place());
  return places;
}

const char* implementation(const PlanBuilder& plan) {
  return maps_of_word(plan) > 1 ? plan.vector_kernels().bf16_convolutions->name : plan.vector_kernels().name;
}

}  // namespace

bool computes_in_blocks(const PlanBuilder& plan) {
  if (!plan.crops_kernels()) return false;
  const TrainingKernels& kernels = plan.vector_kernels();
  if (plan.data_type() == dnnl::memory::data_type::f32) return kernels.blocked_conv != nullptr;
  return kernels.bf16_convolutions.has_value();
}

bool takes_planes(const PlanBuilder& plan) {
  return plan.data_type() == dnnl::memory::data_type::f32 ||
         plan.vector_kernels().bf16_convolutions->takes_planes;
}

bool computes_forward_in_blocks(const PlanBuilder& plan, const ConvStep& step, const FusedOps& fused) {
  const bool is_f32 = plan.data_type() == dnnl::memory::data_type::f32;
  if (!computes_in_blocks(plan)) return false;
  return is_f32 || (!fused.f32_result && (!is_given(plan, step) || takes_planes(plan)));
}

int lower_blocked_conv(PlanBuilder& plan, const ConvStep& step, const FusedOps& fused, int src,
                       LoweredConv& lowered) {
  const std::size_t first_step = plan.step_count();
  const MaskedConvOp& op = step.op;
  const bool is_planes = is_given(plan, step);
  const int block = is_planes ? 1 : plan.vector_kernels().lanes;
  lowered.src = is_planes ? src : plan.in_blocks(src);
  const std::vector<KernelTap> taps = taps_inside(plan, step);
  const BlockedKernel kernel = is_planes ? kernel_of_planes(plan, taps) : blocked_kernel(plan, taps);
  BlockedConvStep forward = blocked_step(plan, step, op.in_channels, plan.network().node(step.conv).channels,
                                         block, places_of(kernel));
  forward.activation = step.activation;
  forward.src = lowered.src;
  forward.kernel = plan.packed_blocks(op.weight, kernel, false);
  forward.bias = plan.network().parameters[to_index(op.bias)].offset;
  if (fused.skip >= 0) forward.added = plan.in_blocks(fused.skip);
  const int dst = plan.blocked_conv(std::move(forward));
  plan.note_implementation(step.conv, "forward", implementation(plan), first_step);
  return dst;
}

int lower_blocked_conv_backward_data(PlanBuilder& plan, const ConvStep& step, const FusedGradient& fused,
                                     int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const MaskedConvOp& op = step.op;
  const int lanes = plan.vector_kernels().lanes;
  std::vector<KernelTap> taps = taps_inside(plan, step);
  const std::size_t kernel = plan.packed_blocks(op.weight, blocked_kernel(plan, taps), true);
  // A pixel's gradient comes from those that read it.
  for (KernelTap& tap : taps) tap.down = -tap.down, tap.right = -tap.right;
  const int src = plan.in_blocks(diff_dst);
  const int added = fused.added < 0 ? -1 : plan.in_blocks(fused.added);
  BlockedConvStep backward = blocked_step(plan, step, plan.network().node(step.conv).channels, op.in_channels,
                                          lanes, std::move(taps));
  backward.src = src;
  backward.kernel = kernel;
  backward.added = added;
  backward.derivative = fused.derivative;
  backward.value = fused.value;
  const int diff_src = plan.blocked_conv(std::move(backward));
  plan.note_implementation(step.conv, "backward data", implementation(plan), first_step);
  return diff_src;
}

}  // namespace pcnn

#include "engine/compile/kernels/training_kernels.h"

#include <algorithm>

#include "engine/compile/kernels/instruction_sets.h"

namespace pcnn {

TrainingKernels training_kernels_sse2();
TrainingKernels training_kernels_avx2();
TrainingKernels training_kernels_avx512();

std::span<const TrainingKernels> training_kernels() {
  static const std::vector<TrainingKernels> kernels =
      kernels_that_run(training_kernels_sse2, training_kernels_avx2, training_kernels_avx512);
  return kernels;
}

TapReach reach_of(std::span<const KernelTap> taps) {
  TapReach reach;
  for (const KernelTap& tap : taps) {
    reach.up = std::max(reach.up, -tap.down);
    reach.down = std::max(reach.down, tap.down);
    reach.side = std::max({reach.side, tap.right, -tap.right});
  }
  return reach;
}

PlaneLayout plane_layout(const PlaneConv& conv, int lanes) {
  const auto count = [](int value) { return static_cast<std::size_t>(value); };
  const std::size_t at_once = 4 * count(lanes);
  PlaneLayout layout;
  layout.row = count(conv.width + conv.reach.side);
  layout.origin = count(conv.reach.up) * layout.row + count(conv.reach.side);
  layout.run = (count(conv.height) * layout.row + at_once - 1) / at_once * at_once;
  layout.plane = layout.origin + layout.run + count(conv.reach.down) * layout.row + count(conv.reach.side);
  return layout;
}

std::size_t plane_conv_scratch(const PlaneConv& conv, int lanes) {
  const PlaneLayout layout = plane_layout(conv, lanes);
  return layout.run + static_cast<std::size_t>(conv.in_channels) * layout.plane;
}

std::size_t weight_gradient_scratch(const WeightGradient& gradient, int lanes) {
  const auto padded = [lanes](int channels) {
    return static_cast<std::size_t>((channels + lanes - 1) / lanes * lanes);
  };
  // The bias, the weights, the image with zeros around it. A tile has four rows: those of a plain source,
  // which are not multiples of four, are filled up.
  const auto taps = static_cast<std::size_t>(gradient.tap_count);
  const auto image = static_cast<std::size_t>(gradient.in_channels) *
                     static_cast<std::size_t>(gradient.height + gradient.reach.up + gradient.reach.down) *
                     static_cast<std::size_t>(gradient.width + 2 * gradient.reach.side);
  return padded(gradient.filters) * (1 + padded(gradient.in_channels) * taps + 4) +
         (gradient.plain_src ? image : 0);
}

}  // namespace pcnn

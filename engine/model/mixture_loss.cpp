#include "engine/model/mixture_loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/instruction_sets.h"

namespace pcnn {

MixtureLossKernel mixture_loss_sse2();
MixtureLossKernel mixture_loss_avx2();
MixtureLossKernel mixture_loss_avx512();

// The least log scale is -7 for 256 levels, as PixelCNN++ has it and where a component can give 97 % to one
// level; lower for finer ones, to the same end.
LevelWidth level_width(int levels) {
  const float half = 1.0f / static_cast<float>(levels - 1);
  return {.half = half,
          .log_whole = std::log(2.0f * half),
          .least_log_scale = std::min(-7.0f, std::log(half) - 7.0f + std::log(255.0f))};
}

std::size_t mixture_loss_scratch(const MixtureMaps& maps) {
  constexpr std::size_t kMostLanes = 16;
  return kMostLanes * ((2 + 2 * maps.channels + maps.pairs()) * maps.mixtures + 3 * maps.channels);
}

std::span<const MixtureLossKernel> mixture_loss_kernels() {
  static const std::vector<MixtureLossKernel> kernels =
      kernels_that_run(mixture_loss_sse2, mixture_loss_avx2, mixture_loss_avx512);
  return kernels;
}

}  // namespace pcnn

#include "engine/model/mixture_loss.h"

#include <vector>

#include "engine/core/instruction_sets.h"

namespace pcnn {

MixtureLossKernel mixture_loss_sse2();
MixtureLossKernel mixture_loss_avx2();
MixtureLossKernel mixture_loss_avx512();

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

#include "engine/compile/kernels/training_kernels.h"

#include "engine/compile/kernels/bf16_product.h"
#include "engine/core/instruction_sets.h"

namespace pcnn {

TrainingKernels training_kernels_sse2();
TrainingKernels training_kernels_avx2();
TrainingKernels training_kernels_avx512();
Bf16Convolutions bf16_convolutions_avx512_bf16();
Bf16Convolutions bf16_convolutions_amx();

std::span<const TrainingKernels> training_kernels() {
  static const std::vector<TrainingKernels> kernels = [] {
    std::vector<TrainingKernels> found =
        kernels_that_run(training_kernels_sse2, training_kernels_avx2, training_kernels_avx512);
    const Bf16Instructions here = bf16_instructions();
    const Bf16Product product = fastest_bf16_product(here);
    const auto add = [&](const Bf16Convolutions& convolutions) {
      found.push_back(training_kernels_avx512());
      found.back().bf16_convolutions = convolutions;
    };
    if (product == Bf16Product::kVectors) add(bf16_convolutions_avx512_bf16());
    // They round by an instruction of AVX512_BF16.
    if (product == Bf16Product::kTiles && here.vectors) add(bf16_convolutions_amx());
    return found;
  }();
  return kernels;
}

}  // namespace pcnn

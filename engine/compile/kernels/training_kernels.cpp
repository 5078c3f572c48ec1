#include "engine/compile/kernels/training_kernels.h"

#include "engine/compile/kernels/bf16_product.h"
#include "engine/core/instruction_sets.h"

namespace pcnn {

TrainingKernels training_kernels_sse2();
TrainingKernels training_kernels_avx2();
TrainingKernels training_kernels_avx512();
TrainingKernels training_kernels_avx512_bf16();
TrainingKernels training_kernels_amx();

std::span<const TrainingKernels> training_kernels() {
  static const std::vector<TrainingKernels> kernels = [] {
    std::vector<TrainingKernels> found =
        kernels_that_run(training_kernels_sse2, training_kernels_avx2, training_kernels_avx512);
    const Bf16Instructions here = bf16_instructions();
    const Bf16Product product = fastest_bf16_product(here);
    if (product == Bf16Product::kVectors) found.push_back(training_kernels_avx512_bf16());
    // They round by an instruction of AVX512_BF16.
    if (product == Bf16Product::kTiles && here.vectors) found.push_back(training_kernels_amx());
    return found;
  }();
  return kernels;
}

}  // namespace pcnn

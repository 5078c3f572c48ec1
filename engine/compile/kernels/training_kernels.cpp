#include "engine/compile/kernels/training_kernels.h"

#include "engine/compile/kernels/bf16_product.h"
#include "engine/core/instruction_sets.h"

namespace pcnn {

TrainingKernels training_kernels_sse2();
TrainingKernels training_kernels_avx2();
TrainingKernels training_kernels_avx512();
TrainingKernels training_kernels_avx512_bf16();

std::span<const TrainingKernels> training_kernels() {
  static const std::vector<TrainingKernels> kernels = [] {
    std::vector<TrainingKernels> found =
        kernels_that_run(training_kernels_sse2, training_kernels_avx2, training_kernels_avx512);
    if (fastest_bf16_product(bf16_instructions()) == Bf16Product::kVectors)
      found.push_back(training_kernels_avx512_bf16());
    return found;
  }();
  return kernels;
}

}  // namespace pcnn

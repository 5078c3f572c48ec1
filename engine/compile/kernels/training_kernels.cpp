#include "engine/compile/kernels/training_kernels.h"

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

}  // namespace pcnn

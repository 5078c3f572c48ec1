// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/training_kernels.h"

namespace pcnn {

TrainingKernels training_kernels_avx512();

TrainingKernels training_kernels_avx512_bf16() {
  TrainingKernels kernels = training_kernels_avx512();
  return kernels;
}

}  // namespace pcnn

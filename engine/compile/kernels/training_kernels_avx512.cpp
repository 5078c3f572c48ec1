// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"

namespace pcnn {

TrainingKernels training_kernels_avx512() {
  return elementwise_kernels<16>("avx512");
}

}  // namespace pcnn

// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/training_kernels_tile.h"

namespace pcnn {

TrainingKernels training_kernels_avx512() {
  TrainingKernels kernels = kernels_of_lanes<16>("avx512");
  kernels.weight_gradient = WeightGradientTile<16>::run;
  kernels.blocked_conv = BlockedConvTile<16>::run;
  return kernels;
}

}  // namespace pcnn

// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/training_kernels_tile.h"

namespace pcnn {

TrainingKernels training_kernels_avx2() {
  TrainingKernels kernels = kernels_of_lanes<8>("avx2");
  kernels.weight_gradient = WeightGradientTile<8>::run;
  kernels.blocked_conv = BlockedConvTile<8>::run;
  return kernels;
}

}  // namespace pcnn

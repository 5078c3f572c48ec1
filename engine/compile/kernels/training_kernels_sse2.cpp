// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"

namespace pcnn {

TrainingKernels training_kernels_sse2() {
  return kernels_of_lanes<4>("sse2");
}

}  // namespace pcnn

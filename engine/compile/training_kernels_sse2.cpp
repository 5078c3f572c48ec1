// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/elementwise_tile.h"
#include "engine/compile/training_kernels.h"

namespace pcnn {

TrainingKernels training_kernels_sse2() {
  using Elementwise = ElementwiseTile<4>;
  return {"sse2", 4, Elementwise::activation_backward, Elementwise::sum, nullptr};
}

}  // namespace pcnn

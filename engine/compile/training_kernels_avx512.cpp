// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/elementwise_tile.h"
#include "engine/compile/training_kernels.h"

namespace pcnn {

TrainingKernels training_kernels_avx512() {
  using Elementwise = ElementwiseTile<16>;
  return {"avx512", 16, Elementwise::activation_backward, Elementwise::sum, nullptr};
}

}  // namespace pcnn

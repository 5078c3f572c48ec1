// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/elementwise_tile.h"
#include "engine/compile/training_kernels_tile.h"

namespace pcnn {

TrainingKernels training_kernels_avx2() {
  using Elementwise = ElementwiseTile<8>;
  return {"avx2", 8, Elementwise::activation_backward, Elementwise::sum, WeightGradientTile<8>::run};
}

}  // namespace pcnn

// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/elementwise_tile.h"
#include "engine/compile/training_kernels_tile.h"

namespace pcnn {

TrainingKernels training_kernels_avx2() {
  using Elementwise = ElementwiseTile<8>;
  return {.name = "avx2",
          .lanes = 8,
          .activation_backward = Elementwise::activation_backward<float>,
          .sum = Elementwise::sum<float>,
          .activation_backward_bf16 = Elementwise::activation_backward<Bf16>,
          .sum_bf16 = Elementwise::sum<Bf16>,
          .weight_gradient = WeightGradientTile<8>::run};
}

}  // namespace pcnn

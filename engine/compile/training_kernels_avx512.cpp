// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/elementwise_tile.h"
#include "engine/compile/training_kernels.h"

namespace pcnn {

TrainingKernels training_kernels_avx512() {
  using Elementwise = ElementwiseTile<16>;
  return {.name = "avx512",
          .lanes = 16,
          .activation_backward = Elementwise::activation_backward<float>,
          .sum = Elementwise::sum<float>,
          .activation_backward_bf16 = Elementwise::activation_backward<Bf16>,
          .sum_bf16 = Elementwise::sum<Bf16>,
          .weight_gradient = nullptr};
}

}  // namespace pcnn

// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/blocked_conv_tile.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/compile/kernels/vdpbf16ps.h"
#include "engine/compile/kernels/weight_gradient_bf16_tile.h"

namespace pcnn {

TrainingKernels training_kernels_avx512();

TrainingKernels training_kernels_avx512_bf16() {
  TrainingKernels kernels = training_kernels_avx512();
  kernels.bf16_name = "avx512_bf16";
  kernels.weight_gradient_bf16 = WeightGradientBf16Tile<Vdpbf16ps>::run;
  kernels.blocked_conv_bf16 = BlockedConvTile<16, Vdpbf16ps>::run;
  return kernels;
}

}  // namespace pcnn

// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/amx_convolutions.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/compile/kernels/vdpbf16ps.h"
#include "engine/core/amx.h"

namespace pcnn {

TrainingKernels training_kernels_avx512();

TrainingKernels training_kernels_amx() {
  TrainingKernels kernels = training_kernels_avx512();
  kernels.bf16_convolutions = amx_convolutions<AmxTiles, Vdpbf16ps>("amx");
  return kernels;
}

}  // namespace pcnn

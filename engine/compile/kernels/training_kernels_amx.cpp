// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/amx_convolutions.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/compile/kernels/vdpbf16ps.h"
#include "engine/core/amx.h"

namespace pcnn {

Bf16Convolutions bf16_convolutions_amx() {
  return amx_convolutions<AmxTiles, Vdpbf16ps>("amx");
}

}  // namespace pcnn

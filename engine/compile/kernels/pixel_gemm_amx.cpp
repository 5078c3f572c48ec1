// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/pixel_gemm_amx_tile.h"
#include "engine/compile/kernels/vdpbf16ps.h"
#include "engine/core/amx.h"

namespace pcnn {

PixelKernel pixel_kernel_amx() {
  return amx_pixel_kernel<AmxTiles, Vdpbf16ps>("amx");
}

}  // namespace pcnn

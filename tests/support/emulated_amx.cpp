#include "tests/support/emulated_amx.h"

#include "engine/compile/kernels/pixel_gemm_amx_tile.h"
#include "tests/support/emulated_tiles.h"

namespace pcnn::testing {

PixelKernel emulated_amx() {
  return amx_pixel_kernel<EmulatedTiles>("emulated amx");
}

}  // namespace pcnn::testing

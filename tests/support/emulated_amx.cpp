#include "tests/support/emulated_amx.h"

#include "engine/compile/kernels/amx_convolutions.h"
#include "engine/compile/kernels/pixel_gemm_amx_tile.h"
#include "engine/compile/kernels/word_products.h"
#include "tests/support/emulated_tiles.h"

namespace pcnn::testing {

PixelKernel emulated_amx() {
  return amx_pixel_kernel<EmulatedTiles, PlainBf16Product<16>>("emulated amx");
}

Bf16Convolutions emulated_amx_convolutions() {
  return amx_convolutions<EmulatedTiles, PlainBf16Product<16>>("emulated amx");
}

}  // namespace pcnn::testing

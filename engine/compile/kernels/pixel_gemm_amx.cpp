// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/pixel_gemm_amx_tile.h"
#include "engine/core/amx.h"

namespace pcnn {

PixelKernel pixel_kernel_amx() {
  using Tile = AmxPixelTile<AmxTiles>;
  return {.name = "amx",
          .panel = Tile::kPanel,
          .precision = Precision::kBf16,
          .run = Tile::run,
          .activate = Tile::Tile::activate_all,
          .gate = Tile::Tile::gate_rows,
          .sum = ElementwiseTile<16>::sum<float>,
          .lstm = LstmTile<16>::run,
          .attend = AttentionTile<16>::attend,
          .block = Tile::kBlock,
          .arithmetic = "bf16 by AMX"};
}

}  // namespace pcnn

#include "tests/support/emulated_amx.h"

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/pixel_gemm_amx_tile.h"
#include "tests/support/emulated_tiles.h"

namespace pcnn::testing {

PixelKernel emulated_amx() {
  using Tile = AmxPixelTile<EmulatedTiles>;
  return {.name = "emulated amx",
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

}  // namespace pcnn::testing

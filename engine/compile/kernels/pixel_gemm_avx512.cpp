// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/pixel_gemm_tile.h"

namespace pcnn {

PixelKernel pixel_kernel_avx512() {
  using Tile = PixelTile<16>;
  return {"avx512",
          Tile::kPanel,
          Precision::kF32,
          Tile::run,
          Tile::activate_all,
          Tile::gate_rows,
          ElementwiseTile<16>::sum<float>,
          LstmTile<16>::run,
          AttentionTile<16>::attend};
}

}  // namespace pcnn

// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/pixel_gemm_tile.h"

namespace pcnn {

PixelKernel pixel_kernel_avx2() {
  using Tile = PixelTile<8>;
  return {"avx2",
          Tile::kPanel,
          Precision::kF32,
          Tile::run,
          Tile::activate_all,
          Tile::gate_rows,
          ElementwiseTile<8>::sum<float>,
          LstmTile<8>::run,
          AttentionTile<8>::attend};
}

}  // namespace pcnn

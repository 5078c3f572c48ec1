// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/pixel_gemm_tile.h"

namespace pcnn {

PixelKernel pixel_kernel_sse2() {
  using Tile = PixelTile<4>;
  return {"sse2",
          Tile::kPanel,
          Precision::kF32,
          Tile::run,
          Tile::activate_all,
          Tile::gate_rows,
          ElementwiseTile<4>::sum<float>,
          LstmTile<4>::run,
          AttentionTile<4>::attend};
}

}  // namespace pcnn

// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/pixel_gemm_tile.h"
#include "engine/compile/kernels/vdpbf16ps.h"

namespace pcnn {
PixelKernel pixel_kernel_avx512_bf16() {
  using Tile = PixelTile<16, Vdpbf16ps>;
  return {"avx512_bf16",
          Tile::kPanel,
          Precision::kBf16,
          Tile::run,
          Tile::activate_all,
          Tile::gate_rows,
          ElementwiseTile<16>::sum<float>,
          LstmTile<16>::run,
          AttentionTile<16>::attend,
          1,
          "bf16 by vdpbf16ps",
          Tile::round};
}

}  // namespace pcnn

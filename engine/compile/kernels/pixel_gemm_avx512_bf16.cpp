// Compiled with flags of its own: see CMakeLists.txt.

#include <immintrin.h>

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/pixel_gemm_tile.h"

namespace pcnn {
namespace {

struct Bf16Product {
  static constexpr Precision kPrecision = Precision::kBf16;
  using Vector = Simd<16>::Vector;
  static Vector add(Vector sum, float word, Vector weights) {
    return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_ps(word), (__m512bh)weights);
  }
};

}  // namespace

PixelKernel pixel_kernel_avx512_bf16() {
  using Tile = PixelTile<16, Bf16Product>;
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
          "bf16 by vdpbf16ps"};
}

}  // namespace pcnn

// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/compile/kernels/blocked_conv_tile.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/compile/kernels/vdpbf16ps.h"
#include "engine/compile/kernels/weight_gradient_bf16_tile.h"

namespace pcnn {

Bf16Convolutions bf16_convolutions_avx512_bf16() {
  return {.name = "avx512_bf16",
          .takes_planes = true,
          .channel_block = 16,
          .conv = BlockedConvTile<16, Vdpbf16ps>::run,
          .weight_gradient = WeightGradientBf16Tile<Vdpbf16ps>::run,
          .conv_scratch = [](const BlockedConv& conv) { return blocked_conv_scratch(conv, 16); },
          .weight_gradient_scratch =
              [](const WeightGradient& gradient) { return weight_gradient_bf16_scratch(gradient, 16); }};
}

}  // namespace pcnn

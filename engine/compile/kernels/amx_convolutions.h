#pragma once

#include "engine/compile/kernels/blocked_conv_amx_tile.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/compile/kernels/weight_gradient_amx_tile.h"

namespace pcnn {
namespace {

// On these tiles. Product: of word_products.h, for bf16 that is not multiplied in tiles.
template <typename Tiles, typename Product>
Bf16Convolutions amx_convolutions(const char* name) {
  return {.name = name,
          .channel_block = kTileBf16,
          .conv = BlockedConvAmxTile<Tiles, Product>::run,
          .weight_gradient = WeightGradientAmxTile<Tiles, Product>::run,
          .conv_scratch = tiled_conv_scratch,
          .weight_gradient_scratch = weight_gradient_amx_scratch};
}

}  // namespace
}  // namespace pcnn

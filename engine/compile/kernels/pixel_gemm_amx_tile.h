#pragma once

// The product of pixel_gemm.h in AMX's tiles of bf16. A tile holds 16 rows of 16 words; the weights are
// packed as the instruction wants them already, a word for each pair of channels and filter:
//
//                          word ->                              filter ->
//     A   row 0        | 0 1 | 2 3 | ... | 30 31 |     B   word 0   | 0 1 | 0 1 | ...   of channels 0 and 1
//         row 1        | channels of all taps    |         word 1   | 2 3 | 2 3 | ...
//         ...          | as bf16, one after the  |         ...
//         row 15       | other                   |         word 15
//
// Rows are chains at columns. Where the channels of a tap fill whole tiles and are kept in bf16, they are
// read in place; else the rows of `scratch` hold the sources of all taps one after the other, zeros where a
// tap lies outside the image, so that few channels fill a tile too. What is multiplied, in which order, is
// the same whatever taps and other rows there are: a row's result is a function of that row's values alone,
// to the last bit.
//
// Tiles: AmxTiles (core/amx.h), or tests' emulation of them.

#include <cstddef>
#include <cstdint>

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/pixel_gemm_tile.h"

namespace pcnn {
namespace {

// Product: of word_products.h, which rounds to bf16.
template <typename Tiles, typename Product>
struct AmxPixelTile {
  using Tile = PixelTile<16, Product>;
  using Vector = typename Tile::Vector;

  static constexpr int kPanel = Tile::kPanel;  // the filters of two tiles
  static constexpr int kBlock = kPixelBlock;   // rows, and words, of a tile
  static_assert(kPanel == 2 * kBlock);
  static constexpr std::size_t kPanelBytes =
      kPanel * sizeof(std::uint32_t);  // of one word of all its filters

  // Of a row of scratch: the words of all taps, filled up to whole tiles.
  static std::size_t row_words(const PixelGemm& gemm) { return gemm.panel_words / kPanel; }

  static bool reads_in_place(const PixelGemm& gemm) {
    bool all = gemm.depth % (2 * kBlock) == 0;
    for (int tap = 0; tap < gemm.tap_count; ++tap) all = all && gemm.taps[tap].rounded;
    return all;
  }

  // All sources into scratch.
  static void gather(const PixelGemm& gemm) {
    const std::size_t words = row_words(gemm), rows = static_cast<std::size_t>(gemm.rows);
    const auto depth = static_cast<std::size_t>(gemm.depth);
    const std::size_t of_tap = depth_words(Precision::kBf16, gemm.depth);
    if (static_cast<std::size_t>(gemm.tap_count) * of_tap < words)
      __builtin_memset(gemm.scratch, 0, rows * words * sizeof(std::uint32_t));
    for (int tap = 0; tap < gemm.tap_count; ++tap) {
      const std::size_t place = 2 * (gemm.taps[tap].packed_offset / kPanel);
      for (std::size_t row = 0; row < rows; ++row) {
        std::uint16_t* const dst = gemm.scratch + 2 * row * words + place;
        if (gemm.taps[tap].rounded)
          __builtin_memcpy(dst, gemm.taps[tap].rounded + row * depth, depth * sizeof(std::uint16_t));
        else
          Tile::round(depth, gemm.taps[tap].src + row * depth, dst);
      }
    }
  }

  // Rows of so many words, by a panel's weights for them.
  template <int kTiles>
  static void add(Tiles& tiles, const std::uint16_t* rows, std::size_t words, const std::uint32_t* weights) {
    const std::size_t stride = words * sizeof(std::uint32_t);
    for (std::size_t word = 0; word < words; word += kBlock, weights += kBlock * kPanel, rows += 2 * kBlock) {
      tiles.template load<6>(weights, kPanelBytes);
      tiles.template load<7>(weights + kBlock, kPanelBytes);
      tiles.template load<4>(rows, stride);
      tiles.template multiply<0, 4, 6>();
      tiles.template multiply<1, 4, 7>();
      if constexpr (kTiles == 2) {
        tiles.template load<5>(rows + 2 * kBlock * words, stride);
        tiles.template multiply<2, 5, 6>();
        tiles.template multiply<3, 5, 7>();
      }
    }
  }

  // 16 or 32 rows and a panel: sums in tiles 0 to 3, rows in 4 and 5, weights in 6 and 7.
  template <int kTiles>
  static void block(Tiles& tiles, const PixelGemm& gemm, int first_row, int panel) {
    const std::uint32_t* const weights = gemm.weights + static_cast<std::size_t>(panel) * gemm.panel_words;
    const auto first = static_cast<std::size_t>(first_row);
    tiles.template zero<0>();
    tiles.template zero<1>();
    if constexpr (kTiles == 2) {
      tiles.template zero<2>();
      tiles.template zero<3>();
    }
    if (reads_in_place(gemm)) {
      const std::size_t words = depth_words(Precision::kBf16, gemm.depth);
      for (int tap = 0; tap < gemm.tap_count; ++tap)
        add<kTiles>(tiles, gemm.taps[tap].rounded + 2 * first * words, words,
                    weights + gemm.taps[tap].packed_offset);
    } else {
      const std::size_t words = row_words(gemm);
      add<kTiles>(tiles, gemm.scratch + 2 * first * words, words, weights);
    }
    alignas(64) float sums[kTiles * kBlock][kPanel];
    tiles.template store<0>(sums[0], sizeof(sums[0]));
    tiles.template store<1>(sums[0] + kBlock, sizeof(sums[0]));
    if constexpr (kTiles == 2) {
      tiles.template store<2>(sums[kBlock], sizeof(sums[0]));
      tiles.template store<3>(sums[kBlock] + kBlock, sizeof(sums[0]));
    }
    const float* bias = gemm.bias + panel * kPanel;
    for (int row = 0; row < kTiles * kBlock && first_row + row < gemm.rows; ++row) {
      Vector with_bias[1][2];
      for (int column = 0; column < 2; ++column)
        with_bias[0][column] = Tile::load(sums[row] + column * kBlock) + Tile::load(bias + column * kBlock);
      Tile::template finish<1, 2>(gemm, first_row + row, panel * kPanel, with_bias);
    }
  }

  // A panel's weights stay in the first-level cache while all rows pass over them.
  static void run_tiles(const PixelGemm& gemm) {
    Tiles tiles;
    const int panels = (gemm.filters + kPanel - 1) / kPanel;
    for (int panel = 0; panel < panels; ++panel) {
      int row = 0;
      for (; gemm.rows - row > kBlock; row += 2 * kBlock) block<2>(tiles, gemm, row, panel);
      if (row < gemm.rows) block<1>(tiles, gemm, row, panel);
    }
  }

  static void run(const PixelGemm& gemm) {
    if (!reads_in_place(gemm)) gather(gemm);
    Tile::with_activation(gemm, run_tiles);
  }
};

// On these tiles.
template <typename Tiles, typename Product>
PixelKernel amx_pixel_kernel(const char* name) {
  using Tile = AmxPixelTile<Tiles, Product>;
  return {.name = name,
          .panel = Tile::kPanel,
          .precision = Precision::kBf16,
          .run = Tile::run,
          .activate = Tile::Tile::activate_all,
          .gate = Tile::Tile::gate_rows,
          .sum = ElementwiseTile<16>::template sum<float>,
          .lstm = LstmTile<16>::run,
          .attend = AttentionTile<16>::attend,
          .block = Tile::kBlock,
          .arithmetic = "bf16 by AMX",
          .round = Tile::Tile::round};
}

}  // namespace
}  // namespace pcnn

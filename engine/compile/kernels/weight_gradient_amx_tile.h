#pragma once

// The weight gradient in bf16 of training_kernels.h, in AMX's tiles. A tile holds 16 rows of 16 words, and a
// word two pixels:
//
//                             word ->                              filter ->
//     A   channel         | 0 1 | 2 3 | ... | 30 31 |     B   word 0   | 0 1 | 0 1 | ...   of pixels 0 and 1
//         next channel    | 32 pixels               |         word 1   | 2 3 | 2 3 | ...
//         ...                                                 ...
//
// So of a few rows of the image, diff_dst is first written as words of two pixels, and the source as planes,
// one for each channel. Both have the same number of pixels from one row to the next, with zeros behind those
// of the image, as many as taps reach to the side: then a tap is an offset into the planes, and all rows are
// one run. A source that is not finite, though, shows in all taps of its channel, since zeros are multiplied
// by it. 32 channels and 32 filters at a time, whose four tiles of sums wait in the scratch between chunks.
//
// Tiles: AmxTiles (core/amx.h), or tests' emulation of them.

#include <cstddef>
#include <cstring>
#include <type_traits>

#include "engine/compile/kernels/pixel_words.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/compile/kernels/weight_sums.h"

namespace pcnn {
namespace {

// Product: of word_products.h, for sums that are not in tiles.
template <typename Tiles, typename Product>
class WeightGradientAmxTile : PixelWords<Product> {
 public:
  static void run(const WeightGradient& gradient, const Bf16* src, const Bf16* diff_dst) {
    WeightGradientAmxTile(gradient, src, diff_dst).run();
  }

 private:
  using Words = PixelWords<Product>;
  using typename Words::Vector;
  using Words::add_up, Words::load, Words::store, Words::write_pairs;

  static constexpr int kMaps = kTileRows;              // of a block
  static constexpr int kPixels = kTileBf16;            // of a tile
  static constexpr std::size_t kTile = kMaps * kMaps;  // sums
  static constexpr std::size_t kRowBytes = kMaps * sizeof(float);

  static std::size_t size(int value) { return static_cast<std::size_t>(value); }

  WeightGradientAmxTile(const WeightGradient& gradient, const Bf16* src, const Bf16* diff_dst)
      : g_(gradient),
        src_(src),
        diff_dst_(diff_dst),
        runs_(pixel_runs(gradient)),
        bias_sums_(g_.scratch),
        sums_(bias_sums_ + size(runs_.diff_blocks) * kMaps),
        diff_words_(sums_ + sum_count()),
        planes_(reinterpret_cast<Bf16*>(diff_words_ + size(runs_.diff_blocks) * runs_.diff)) {}

  std::size_t sum_count() const {
    return size(runs_.diff_blocks * runs_.source_blocks) * size(g_.tap_count) * kTile;
  }

  void run() {
    std::memset(bias_sums_, 0, (size(runs_.diff_blocks) * kMaps + sum_count()) * sizeof(float));
    const int chunks = (g_.height + runs_.rows - 1) / runs_.rows;
    for (int image = 0; image < g_.images; ++image)
      for (int chunk = 0; chunk < chunks; ++chunk) {
        first_ = g_.height * chunk / chunks;
        end_ = g_.height * (chunk + 1) / chunks;
        tiles_in_run_ = ((end_ - first_) * runs_.row + kPixels - 1) / kPixels;
        for (int block = 0; block < runs_.diff_blocks; ++block) write_diff_words(image, block);
        in_twos(runs_.source_blocks, [&](auto channel_blocks, int source) {
          for (int i = 0; i < channel_blocks; ++i) write_planes(image, source + i, i);
          in_twos(runs_.diff_blocks,
                  [&](auto filter_blocks, int diff) { pass<channel_blocks, filter_blocks>(source, diff); });
        });
      }
    for (int block = 0; block < runs_.diff_blocks; ++block)
      write_weight_sums(g_, block * kMaps, kMaps, bias_sums_, [&](int channel, int tap) {
        return sums_of(block, channel / kMaps, tap) + channel % kMaps * kMaps;
      });
  }

  // Calls run(count, first), count one or two as a std::integral_constant.
  template <typename Run>
  static void in_twos(int blocks, Run&& run) {
    int first = 0;
    for (; first + 2 <= blocks; first += 2) run(std::integral_constant<int, 2>{}, first);
    if (first < blocks) run(std::integral_constant<int, 1>{}, first);
  }

  const Bf16* rows_of(const Bf16* maps, int block, int row) const {
    return maps + (size(block) * size(g_.height) + size(row)) * size(g_.width) * kMaps;
  }

  void write_diff_words(int image, int block) const {
    float *const words = diff_words_ + size(block) * runs_.diff, *to = words;
    const Bf16* from = rows_of(diff_dst_, image * runs_.diff_blocks + block, first_);
    for (int row = first_; row < end_; ++row, from += size(g_.width) * kMaps) {
      to = write_pairs(from, g_.width, to);
      to = zeros(to, words + size((row + 1 - first_) * runs_.row / 2) * kMaps);
    }
    add_up(words, size((end_ - first_) * runs_.row / 2), bias_sums_ + block * kMaps);
    zeros(to, words + size(tiles_in_run_) * kTile);
  }
  static float* zeros(float* from, float* end) {
    std::memset(from, 0, static_cast<std::size_t>(end - from) * sizeof(float));
    return end;
  }

  // Of the rows that the chunk's taps read, to the first 16 planes or the second.
  void write_planes(int image, int block, int place) const {
    Bf16* const planes = planes_ + size(place * kMaps) * runs_.plane;
    std::memset(planes, 0, kMaps * runs_.plane * sizeof(Bf16));
    const int top = first_ - runs_.reach.up, first = top > 0 ? top : 0,
              end = end_ + runs_.reach.down < g_.height ? end_ + runs_.reach.down : g_.height;
    // Rows without zeros behind them are written as one.
    const bool as_one = runs_.row == g_.width;
    const int rows = as_one ? 1 : end - first, width = as_one ? (end - first) * g_.width : g_.width;
    for (int row = 0; row < rows; ++row)
      write_channels(rows_of(src_, image * runs_.source_blocks + block, first + row), width,
                     planes + size((first + row - top) * runs_.row + runs_.reach.side));
  }

  // Pixels that follow each other to 16 planes; up to 31 zeros behind them.
  void write_channels(const Bf16* from, int pixels, Bf16* to) const {
    for (int pixel = 0; pixel < pixels; pixel += kPixels, from += kPixels * kMaps, to += kPixels) {
      alignas(64) float words[kMaps][kMaps];
      zeros(write_pairs(from, pixels - pixel < kPixels ? pixels - pixel : kPixels, words[0]),
            words[0] + kTile);
      Vector rows[kMaps];
#pragma GCC unroll 16
      for (int i = 0; i < kMaps; ++i) rows[i] = load(words[i]);
      transpose(rows);
#pragma GCC unroll 16
      for (int i = 0; i < kMaps; ++i) __builtin_memcpy(to + size(i) * runs_.plane, &rows[i], sizeof(Vector));
    }
  }

  static void transpose(Vector (&rows)[kMaps]) {
    // Of each four rows, then of four times four blocks of 128 bits.
    Vector fours[kMaps];
#pragma GCC unroll 4
    for (int i = 0; i < kMaps; i += 4) {
      const Vector a = low_words(rows[i], rows[i + 1]), b = high_words(rows[i], rows[i + 1]),
                   c = low_words(rows[i + 2], rows[i + 3]), d = high_words(rows[i + 2], rows[i + 3]);
      fours[i] = low_pairs(a, c), fours[i + 1] = high_pairs(a, c);
      fours[i + 2] = low_pairs(b, d), fours[i + 3] = high_pairs(b, d);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const Vector a = even_blocks(fours[i], fours[4 + i]), b = odd_blocks(fours[i], fours[4 + i]),
                   c = even_blocks(fours[8 + i], fours[12 + i]), d = odd_blocks(fours[8 + i], fours[12 + i]);
      rows[i] = even_blocks(a, c), rows[8 + i] = odd_blocks(a, c);
      rows[4 + i] = even_blocks(b, d), rows[12 + i] = odd_blocks(b, d);
    }
  }
  // Within each block of 128 bits: the first two words of both, in turns, or the last two.
  static Vector low_words(Vector a, Vector b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
  }
  static Vector high_words(Vector a, Vector b) {
    return __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  // The first two words of one, then of the other, or the last two.
  static Vector low_pairs(Vector a, Vector b) {
    return __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
  }
  static Vector high_pairs(Vector a, Vector b) {
    return __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  // Blocks of 128 bits: 0 and 2 of one, then of the other, or 1 and 3.
  static Vector even_blocks(Vector a, Vector b) {
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
  }
  static Vector odd_blocks(Vector a, Vector b) {
    return __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }

  // All taps by blocks of channels, whose planes are written, and of filters, over the chunk. Sums are in
  // tiles 0 to 3, the source in 4 and 5, diff_dst in 6 and 7.
  template <int kSource, int kDiff>
  void pass(int source, int diff) {
    const float* const words = diff_words_ + size(diff) * runs_.diff;
    const std::size_t plane_bytes = runs_.plane * sizeof(Bf16);
    for (int tap = 0; tap < g_.tap_count; ++tap) {
      if (!reads_inside(g_.taps[tap], g_.height, g_.width)) continue;
      const Bf16* from = planes_ + static_cast<std::ptrdiff_t>(runs_.origin) +
                         g_.taps[tap].down * static_cast<std::ptrdiff_t>(runs_.row) + g_.taps[tap].right;
      const float* by = words;
      const auto for_sums = [&](auto&& run) {  // of each tile of them, and where they wait
        const auto sums = [&](int a, int b) { return sums_of(diff + b, source + a, tap); };
        run(std::integral_constant<int, 0>{}, sums(0, 0));
        if constexpr (kDiff == 2) run(std::integral_constant<int, 1>{}, sums(0, 1));
        if constexpr (kSource == 2) run(std::integral_constant<int, 2>{}, sums(1, 0));
        if constexpr (kSource == 2 && kDiff == 2) run(std::integral_constant<int, 3>{}, sums(1, 1));
      };
      for_sums([&](auto tile, const float* sums) { tiles_.template load<tile>(sums, kRowBytes); });
      for (int tile = 0; tile < tiles_in_run_; ++tile, from += kPixels, by += kTile) {
        tiles_.template load<4>(from, plane_bytes);
        tiles_.template load<6>(by, kRowBytes);
        tiles_.template multiply<0, 4, 6>();
        if constexpr (kDiff == 2) {
          tiles_.template load<7>(by + runs_.diff, kRowBytes);
          tiles_.template multiply<1, 4, 7>();
        }
        if constexpr (kSource == 2) {
          tiles_.template load<5>(from + kMaps * runs_.plane, plane_bytes);
          tiles_.template multiply<2, 5, 6>();
        }
        if constexpr (kSource == 2 && kDiff == 2) tiles_.template multiply<3, 5, 7>();
      }
      for_sums([&](auto tile, float* sums) { tiles_.template store<tile>(sums, kRowBytes); });
    }
  }

  // [channel][filter]
  float* sums_of(int diff, int source, int tap) const {
    return sums_ + (size(diff * runs_.source_blocks + source) * size(g_.tap_count) + size(tap)) * kTile;
  }

  const WeightGradient& g_;
  const Bf16* const src_;
  const Bf16* const diff_dst_;
  const PixelRuns runs_;
  // In the scratch.
  float* const bias_sums_;
  float* const sums_;        // [block of filters][block of channels][tap][channel][filter]
  float* const diff_words_;  // [block][pair of pixels][filter]
  Bf16* const planes_;       // of two blocks of the source, [channel][pixel]
  Tiles tiles_;
  int first_ = 0, end_ = 0;  // rows of the chunk
  int tiles_in_run_ = 0;
};

}  // namespace
}  // namespace pcnn

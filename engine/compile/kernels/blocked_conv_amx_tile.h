#pragma once

// The convolution between maps in blocks of convolutions.h, in AMX's tiles of bf16. A tile holds 16 rows of
// 16 words, and a word two maps:
//
//                          word ->                               filter ->
//     A   pixel        | 0 1 | 2 3 | ... | 30 31 |     B   word 0   | 0 1 | 0 1 | ...   of channels 0 and 1
//         next pixel   | 32 channels             |         word 1   | 2 3 | 2 3 | ...
//         ...                                              ...
//
// So the source of a few rows of the image is copied first, with all its channels beside each other and zeros
// around the image; a tap is an offset into the copy. The weights are packed as B is, see BlockedWeights. All
// taps and channels are summed in the registers. What is multiplied, in which order, is the same whatever
// other pixels there are: a pixel's result is a function of what its taps read alone, to the last bit.
//
// A tile has as many pixels as divide a row well: two times 14 of 28, since an instruction takes about a
// cycle for each.
//
// Tiles: AmxTiles (core/amx.h), or tests' emulation of them. Rounding: what stores bf16, of
// word_products.h.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "engine/compile/kernels/blocked_conv_result.h"
#include "engine/compile/kernels/convolutions.h"

namespace pcnn {
namespace {

template <typename Tiles, typename Rounding>
class BlockedConvAmxTile : BlockedConvResult<16, Rounding> {
  using Result = BlockedConvResult<16, Rounding>;
  using typename Result::Maps;

 public:
  static void run(const BlockedConv& conv, const Maps& maps) { BlockedConvAmxTile(conv, maps).run(); }

 private:
  using Result::bias_of, Result::blocks_, Result::c_, Result::m_, Result::size;
  using typename Result::Vector;
  using Simd<16>::load;

  static constexpr int kLanes = kTileRows, kWords = kTileWords;
  static constexpr int kMostTiles = 4;  // of sums

  BlockedConvAmxTile(const BlockedConv& conv, const Maps& maps)
      : Result(conv, maps), chunks_(tiled_chunks(conv)), tiles_(chunks_.tile_pixels) {}

  void run() {
    for (image_ = 0; image_ < c_.images; ++image_)
      for (first_ = 0; first_ < c_.height; first_ = end_) {
        end_ = c_.height - first_ < chunks_.rows ? c_.height : first_ + chunks_.rows;
        copy_source();
        const float* weights = c_.weights;
        for_each_group(blocks_, [&](auto count, int block) {
          pass<count>(block, weights);
          weights += size(c_.tap_count * count * kLanes) * chunks_.pixel;
        });
      }
  }

  // Of the rows that the chunk's taps read.
  void copy_source() const {
    const int up = c_.reach.up, rows = end_ - first_ + up + c_.reach.down;
    const std::size_t side = size(c_.reach.side) * chunks_.pixel;
    for (int row = 0; row < rows; ++row) {
      float* const to = c_.scratch + size(row) * chunks_.row;
      const int from = first_ - up + row;
      if (from < 0 || from >= c_.height) {
        std::memset(to, 0, chunks_.row * sizeof(float));
        continue;
      }
      std::memset(to, 0, side * sizeof(float));
      copy_row(from, to + side);
      std::memset(to + side + size(c_.width) * chunks_.pixel, 0, side * sizeof(float));
    }
  }

  // From blocks of 16 maps to pixels with all of them.
  void copy_row(int row, float* to) const {
    constexpr std::size_t kBlockWords = kLanes / kMapsOfBf16Word;
    const std::size_t plane = size(c_.height * c_.width) * kLanes;
    const std::uint16_t* from =
        m_.src + size(image_ * chunks_.source_blocks) * plane + size(row * c_.width) * kLanes;
    for (int block = 0; block < chunks_.source_blocks; ++block, from += plane)
      for (int pixel = 0; pixel < c_.width; ++pixel)
        std::memcpy(to + size(pixel) * chunks_.pixel + size(block) * kBlockWords, from + pixel * kLanes,
                    kBlockWords * sizeof(float));
    if (size(chunks_.source_blocks) * kBlockWords == chunks_.pixel) return;
    for (int pixel = 0; pixel < c_.width; ++pixel)  // fill up the last row of a tile
      std::memset(to + size(pixel + 1) * chunks_.pixel - kBlockWords, 0, kBlockWords * sizeof(float));
  }

  // All pixels of the chunk by the filters of `kBlocks` blocks.
  template <int kBlocks>
  void pass(int block, const float* weights) {
    // Without taps beside the pixel, rows follow each other without a gap.
    const bool as_one = c_.reach.side == 0;
    const int rows = as_one ? 1 : end_ - first_, width = as_one ? (end_ - first_) * c_.width : c_.width;
    constexpr int kMost = kMostTiles / kBlocks;
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < width; column += kMost * chunks_.tile_pixels)
        tiles_of<kMost, kBlocks>(
            {.block = block, .row = row, .column = column, .width = width, .weights = weights});
  }

  // Where tiles begin, in the chunk.
  struct Place {
    int block = 0;
    int row = 0, column = 0;
    int width = 0;  // of the row
    const float* weights = nullptr;
  };

  // As many tiles of pixels as the row has left, up to `kPixelTiles`.
  template <int kPixelTiles, int kBlocks>
  void tiles_of(const Place& place) {
    if constexpr (kPixelTiles > 1)
      if (place.width - place.column <= (kPixelTiles - 1) * chunks_.tile_pixels)
        return tiles_of<kPixelTiles - 1, kBlocks>(place);
    alignas(64) float sums[kPixelTiles][kBlocks][kLanes][kLanes];
    const float* from = c_.scratch + size(place.row + c_.reach.up) * chunks_.row +
                        size(place.column + c_.reach.side) * chunks_.pixel;
    add<kPixelTiles, kBlocks>(from, place.weights, sums);
    const int left = place.width - place.column;
    for (int tile = 0; tile < kPixelTiles; ++tile) {
      const int first = tile * chunks_.tile_pixels,
                pixels = left - first < chunks_.tile_pixels ? left - first : chunks_.tile_pixels;
      finish_tile<kBlocks>(place, first, pixels, sums[tile]);
    }
  }

  // Sums are in tiles 0 to 3, pixels in 4 and 5, weights in 6 and 7.
  template <int kPixelTiles, int kBlocks>
  void add(const float* from, const float* weights, float (&sums)[kPixelTiles][kBlocks][kLanes][kLanes]) {
    constexpr std::size_t kFilterBytes = kBlocks * kLanes * sizeof(float);  // from a word to the next
    const std::size_t pixel_bytes = chunks_.pixel * sizeof(float),
                      tile_words = size(chunks_.tile_pixels) * chunks_.pixel;
    for_indices<kPixelTiles * kBlocks>([&](auto i) { tiles_.template zero<i>(); });
    for (int tap = 0; tap < c_.tap_count; ++tap) {
      const float* pixels = from + c_.taps[tap].down * static_cast<std::ptrdiff_t>(chunks_.row) +
                            c_.taps[tap].right * static_cast<std::ptrdiff_t>(chunks_.pixel);
      for (std::size_t word = 0; word < chunks_.pixel; word += kWords, pixels += kWords) {
        for_indices<kBlocks>([&](auto block) {
          tiles_.template load<6 + block % 2>(weights + block * kLanes, kFilterBytes);
          for_indices<kPixelTiles>([&](auto tile) {
            constexpr int kPixels = 4 + tile % 2;
            if constexpr (block == 0)  // where there are other blocks, there are no more than two tiles
              tiles_.template load<kPixels>(pixels + tile * tile_words, pixel_bytes);
            tiles_.template multiply<tile * kBlocks + block, kPixels, 6 + block % 2>();
          });
        });
        weights += kWords * kBlocks * kLanes;
      }
    }
    for_indices<kPixelTiles * kBlocks>(
        [&](auto i) { tiles_.template store<i>(sums[i / kBlocks][i % kBlocks], sizeof(sums[0][0][0])); });
  }

  // From the sums of `pixels` from the place's `first` on to dst.
  template <int kBlocks>
  void finish_tile(const Place& place, int first, int pixels, const float (&sums)[kBlocks][kLanes][kLanes]) {
    const int image_pixel = (first_ + place.row) * c_.width + place.column + first;
    constexpr int kAtOnce = 4;
    int pixel = 0;
    for (; pixel + kAtOnce <= pixels; pixel += kAtOnce)
      finish_pixels<kAtOnce, kBlocks>(place.block, image_pixel, pixel, sums);
    for (; pixel < pixels; ++pixel) finish_pixels<1, kBlocks>(place.block, image_pixel, pixel, sums);
  }

  template <int kPixels, int kBlocks>
  void finish_pixels(int block, int image_pixel, int first,
                     const float (&sums)[kBlocks][kLanes][kLanes]) const {
    Vector with_bias[kPixels][kBlocks];
    for (int b = 0; b < kBlocks; ++b) {
      const Vector bias = this->bias_of(block + b);
      for (int pixel = 0; pixel < kPixels; ++pixel) with_bias[pixel][b] = load(sums[b][first + pixel]) + bias;
    }
    this->finish(image_, block, image_pixel + first, with_bias);
  }

  // Calls run(std::integral_constant<int, i>) for i from 0 to kCount - 1.
  template <int kCount, typename Run>
  static void for_indices(Run&& run) {
    [&]<int... kIndices>(std::integer_sequence<int, kIndices...>) {
      (run(std::integral_constant<int, kIndices>{}), ...);
    }
    (std::make_integer_sequence<int, kCount>{});
  }

  const TiledChunks chunks_;
  Tiles tiles_;
  int image_ = 0, first_ = 0, end_ = 0;  // rows of the chunk
};

}  // namespace
}  // namespace pcnn

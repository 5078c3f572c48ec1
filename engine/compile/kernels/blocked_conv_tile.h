#pragma once

// The convolution between maps in blocks of convolutions.h, once for every vector width. Included by source
// files that are built once per instruction set. The sums of a register tile are
//
//                 block 0   block 1   block 2     of the group's filters
//     pixel 0     sum       sum       sum
//     pixel 1     sum       sum       sum
//     ...
//
// and channels run innermost, a word of one or two at a time: every pixel's is broadcast and multiplied by
// the group's weights.
//
// The rows of an image are computed a few at a time. Where taps read other pixels, these rows of the source
// are copied with zeros around them, so that no tap is out of bounds; the copy stays in the second-level
// cache while all groups of filters pass over it. Weights of more taps and channels than the first-level
// cache has room for are taken in parts, and the sums wait in the scratch meanwhile.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/compile/kernels/blocked_conv_result.h"
#include "engine/compile/kernels/convolutions.h"
#include "engine/compile/kernels/plane_words.h"
#include "engine/compile/kernels/word_products.h"

namespace pcnn {
namespace {

// Product: see word_products.h. kSourceWords: of a block of the source; 1: of planes.
template <int kLanes, typename Product = FloatProduct<kLanes>,
          int kSourceWords = Product::kPrecision == Precision::kF32 ? kLanes : kLanes / kMapsOfBf16Word>
class BlockedConvTile : BlockedConvResult<kLanes, Product> {
  using Result = BlockedConvResult<kLanes, Product>;
  using typename Result::Maps;

 public:
  static void run(const BlockedConv& conv, const Maps& maps) {
    if constexpr (kSourceWords > 1)
      if (conv.source_block == 1) return BlockedConvTile<kLanes, Product, 1>::run(conv, maps);
    BlockedConvTile(conv, maps).run();
  }

 private:
  using Result::bias_of, Result::blocks_, Result::c_, Result::m_, Result::size;
  using typename Result::Vector;
  using Simd<kLanes>::load, Simd<kLanes>::store;

  static constexpr bool kOfPlanes = kSourceWords == 1;
  // Sums that fit beside a channel's weights: 16 registers up to AVX2, 32 with AVX-512.
  static constexpr int kSums = kLanes == 16 ? 24 : 12;
  // Of one part of the weights: 18 of the first-level cache's 32 KiB.
  static constexpr int kPartWords = 4608;
  static constexpr int kMostPairs = kPartWords / (kSourceWords * kLanes);

  // A word from wherever it lies.
  static float word_at(const float* from) {
    float word;
    __builtin_memcpy(&word, from, sizeof(word));
    return word;
  }

  BlockedConvTile(const BlockedConv& conv, const Maps& maps)
      : Result(conv, maps),
        chunks_(blocked_chunks(conv, kLanes)),
        in_blocks_(chunks_.source_blocks),
        copy_(conv.scratch + 3 * size(chunks_.rows * conv.width) * kLanes) {}

  void run() {
    for (image_ = 0; image_ < c_.images; ++image_)
      for (first_ = 0; first_ < c_.height; first_ = end_) {
        end_ = c_.height - first_ < chunks_.rows ? c_.height : first_ + chunks_.rows;
        find_source();
        const float* weights = c_.weights;
        for_each_group(blocks_, [&](auto count, int block) {
          pass<count>(block, weights);
          weights += size(count * c_.tap_count * in_blocks_) * kSourceWords * kLanes;
        });
      }
  }

  // Where the chunk's first pixel is, and how far its rows and blocks lie apart.
  void find_source() {
    const std::size_t plane = size(c_.height * c_.width) * kSourceWords;
    const float* src = kOfPlanes ? m_.planes : reinterpret_cast<const float*>(m_.src);
    src += size(image_ * in_blocks_) * plane;
    if (!chunks_.copies) {
      source_ = src + size(first_ * c_.width) * kSourceWords;
      source_row_ = size(c_.width) * kSourceWords;
      source_block_ = plane;
      return;
    }
    const int up = c_.reach.up, rows = end_ - first_ + up + c_.reach.down;
    const std::size_t side = size(c_.reach.side) * kSourceWords;
    source_row_ = chunks_.row;
    source_block_ = size(rows) * source_row_;
    source_ = copy_ + size(up) * source_row_ + side;
    for (int block = 0; block < in_blocks_; ++block)
      for (int row = 0; row < rows; ++row)
        copy_row(src + size(block) * plane, first_ - up + row, side,
                 copy_ + size(block) * source_block_ + size(row) * source_row_);
  }

  void copy_row(const float* src, int row, std::size_t side, float* dst) const {
    const std::size_t width = size(c_.width) * kSourceWords;
    if (row < 0 || row >= c_.height) {
      std::memset(dst, 0, source_row_ * sizeof(float));
      return;
    }
    src += size(row) * width;
    if constexpr (kOfPlanes && Product::kPrecision == Precision::kBf16)
      return PlaneWords::write_row(src, width, side, dst);
    std::memset(dst, 0, side * sizeof(float));
    std::memcpy(dst + side, src, width * sizeof(float));
    std::memset(dst + side + width, 0, side * sizeof(float));
  }

  // What one part of a pass adds: pairs of a tap and a block of channels, in this order.
  struct Part {
    int begin = 0;
    int end = 0;
    bool is_first = false;  // the sums begin
    bool is_last = false;   // they are done
    const float* weights = nullptr;
  };

  // All pixels of the chunk by the filters of `kBlocks` blocks.
  template <int kBlocks>
  void pass(int block, const float* weights) {
    block_ = block;
    constexpr int kPairWords = kSourceWords * kLanes * kBlocks, kPairs = kPartWords / kPairWords;
    const int pairs = c_.tap_count * in_blocks_;
    const int parts = pairs > kPairs ? (pairs + kPairs - 1) / kPairs : 1;  // one where no tap is in the image
    const int of_part = (pairs + parts - 1) / parts;
    // Without taps beside the pixel, rows follow each other without a gap.
    const int rows = chunks_.copies ? end_ - first_ : 1,
              width = chunks_.copies ? c_.width : (end_ - first_) * c_.width;
    for (int i = 0; i < parts; ++i) {
      const int begin = i * of_part < pairs ? i * of_part : pairs;
      const Part part{.begin = begin,
                      .end = pairs - begin < of_part ? pairs : begin + of_part,
                      .is_first = i == 0,
                      .is_last = i == parts - 1,
                      .weights = weights + size(begin) * kPairWords};
      for (int pair = part.begin; pair < part.end; ++pair) offsets_[pair - part.begin] = offset_of(pair);
      for (int row = 0; row < rows; ++row) pass_row<kBlocks>(part, row, width);
    }
  }

  // From a pixel to what the tap reads for it in the block of channels.
  [[nodiscard]] std::ptrdiff_t offset_of(int pair) const {
    const KernelTap& tap = c_.taps[pair / in_blocks_];
    return tap.down * static_cast<std::ptrdiff_t>(source_row_) + tap.right * kSourceWords +
           (pair % in_blocks_) * static_cast<std::ptrdiff_t>(source_block_);
  }

  // In tiles of about the same size: one of a few pixels would have too few sums to keep the processor busy.
  template <int kBlocks>
  void pass_row(const Part& part, int row, int width) const {
    constexpr int kMostPixels = kSums / kBlocks;
    const int tiles = (width + kMostPixels - 1) / kMostPixels;
    const int larger_one = (width + tiles - 1) / tiles, larger_ones = width - tiles * (larger_one - 1);
    run_tiles<kMostPixels, kBlocks>(larger_one, larger_ones, part, row, 0);
    if (tiles > larger_ones)
      run_tiles<kMostPixels, kBlocks>(larger_one - 1, tiles - larger_ones, part, row,
                                      larger_ones * larger_one);
  }

  // So many tiles of `pixels`, side by side.
  template <int kPixels, int kBlocks>
  void run_tiles(int pixels, int tiles, const Part& part, int row, int column) const {
    if constexpr (kPixels > 1)
      if (pixels < kPixels) return run_tiles<kPixels - 1, kBlocks>(pixels, tiles, part, row, column);
    for (int i = 0; i < tiles; ++i) tile<kPixels, kBlocks>(part, row, column + i * kPixels);
  }

  template <int kPixels, int kBlocks>
  void tile(const Part& part, int row, int column) const {
    Vector sums[kPixels][kBlocks];
    const auto for_all = [](auto&& action) {
#pragma GCC unroll 16
      for (int block = 0; block < kBlocks; ++block)
#pragma GCC unroll 32
        for (int pixel = 0; pixel < kPixels; ++pixel) action(pixel, block);
    };
    const int first_pixel = row * c_.width + column;  // of the chunk
    float* const waiting = c_.scratch + size(first_pixel) * (kBlocks * kLanes);
    if (part.is_first)
      for_all([&](int pixel, int block) { sums[pixel][block] = bias_of(block_ + block); });
    else
      for_all([&](int pixel, int block) {
        sums[pixel][block] = load(waiting + (pixel * kBlocks + block) * kLanes);
      });
    add<kPixels, kBlocks>(part, source_ + size(row) * source_row_ + size(column) * kSourceWords, sums);
    if (part.is_last)
      this->finish(image_, block_, first_ * c_.width + first_pixel, sums);
    else
      for_all([&](int pixel, int block) {
        store(waiting + (pixel * kBlocks + block) * kLanes, sums[pixel][block]);
      });
  }

  // source: of the tile's first pixel, of the first channel.
  template <int kPixels, int kBlocks>
  void add(const Part& part, const float* source, Vector (&sums)[kPixels][kBlocks]) const {
    const float* weights = part.weights;
    const int pairs = part.end - part.begin;
    for (int pair = 0; pair < pairs; ++pair, weights += kSourceWords * kLanes * kBlocks) {
      const float* from = source + offsets_[pair];
#pragma GCC unroll 16
      for (int channel = 0; channel < kSourceWords; ++channel) {
        Vector filters[kBlocks];
#pragma GCC unroll 16
        for (int b = 0; b < kBlocks; ++b) filters[b] = load(weights + (channel * kBlocks + b) * kLanes);
#pragma GCC unroll 32
        for (int pixel = 0; pixel < kPixels; ++pixel) {
          const float word = word_at(from + pixel * kSourceWords + channel);
#pragma GCC unroll 16
          for (int b = 0; b < kBlocks; ++b) sums[pixel][b] = Product::add(sums[pixel][b], word, filters[b]);
        }
      }
    }
  }

  const BlockedChunks chunks_;
  const int in_blocks_;
  float* const copy_;  // of the source's rows, behind the sums that wait
  // Of the chunk: its rows, its first pixel in the source, and what lies between rows and blocks there.
  int image_ = 0, first_ = 0, end_ = 0;
  const float* source_ = nullptr;
  std::size_t source_row_ = 0, source_block_ = 0;
  int block_ = 0;                       // the first one of the group
  std::ptrdiff_t offsets_[kMostPairs];  // of the part's pairs
};

}  // namespace
}  // namespace pcnn

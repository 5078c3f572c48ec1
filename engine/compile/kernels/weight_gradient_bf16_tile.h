#pragma once

// The weight gradient in bf16 of training_kernels.h, once for every product of pairs. Included by one source
// file per instruction set.
//
// As in training_kernels_tile.h, a register tile is
//
//                        filters ->   | vector 0 | vector 1 | vector 2 |
//     8 input channels of a tap       |  acc     |  acc     |  acc     |
//
// with the pixels innermost, but two of them at a time, since the product sums those of a word's two halves:
// the word of a channel has its values at a tap's two pixels, those of the filters have diff_dst there. So
// the rows of pixels that tiles pass over are first written as such words, diff_dst and the source in pairs
// (0, 1), (2, 3), ..., and the source again in pairs (-1, 0), (1, 2), ... if a tap reads an odd number of
// columns beside its pixel. What is beside the image is zero. Of the source, a block of channels at a time,
// so that its words stay in the first-level cache.
//
// A source in planes has few channels, so a tile's rows are any eight of its channels' taps. Its words are
// written for the whole image, with the zeros around it: each pixel and the one to its right, so that those
// of one tap are every second word.

#include <cstddef>
#include <cstring>

#include "engine/compile/kernels/pixel_words.h"
#include "engine/compile/kernels/plane_words.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/compile/kernels/weight_sums.h"

namespace pcnn {
namespace {

// Product::add() is that of Vdpbf16ps.
template <typename Product>
class WeightGradientBf16Tile : PixelWords<Product> {
 public:
  static void run(const WeightGradient& gradient, const Bf16* src, const Bf16* diff_dst) {
    WeightGradientBf16Tile(gradient, src, diff_dst).run();
  }

 private:
  using Words = PixelWords<Product>;
  using typename Words::Vector;
  using Words::add_up, Words::load, Words::store, Words::write_pairs, Words::write_second_half;
  static constexpr int kLanes = 16, kRows = kGradientRows;

  static std::size_t size(int value) { return static_cast<std::size_t>(value); }

  WeightGradientBf16Tile(const WeightGradient& gradient, const Bf16* src, const Bf16* diff_dst)
      : g_(gradient),
        src_(src),
        diff_dst_(diff_dst),
        pairs_(pixel_pairs(gradient, kLanes)),
        plain_groups_((g_.in_channels * g_.tap_count + kRows - 1) / kRows),
        row_words_(size(g_.width + 2 * g_.reach.side)),
        plane_words_(size(g_.height + g_.reach.up + g_.reach.down) * row_words_),
        bias_sums_(g_.scratch),
        sums_(bias_sums_ + size(pairs_.diff_blocks) * kLanes),
        diff_words_(sums_ + sum_count()),
        even_words_(diff_words_ + size(pairs_.diff_blocks) * diff_plane()),
        odd_words_(even_words_ + (g_.plain_src ? 0 : size(pairs_.source_rows * pairs_.even) * kLanes)),
        padded_(even_words_) {}

  std::size_t sum_count() const { return size(pairs_.diff_blocks) * kLanes * sum_rows(); }
  // Of the matrix of sums.
  std::size_t sum_rows() const {
    return g_.plain_src ? size(plain_groups_) * kRows
                        : size(pairs_.source_blocks) * kLanes * size(g_.tap_count);
  }
  // Words of a block of filters.
  std::size_t diff_plane() const { return size(pairs_.rows * pairs_.diff) * kLanes; }

  void run() {
    std::memset(bias_sums_, 0, (size(pairs_.diff_blocks) * kLanes + sum_count()) * sizeof(float));
    const int chunks = (g_.height + pairs_.rows - 1) / pairs_.rows;
    for (int image = 0; image < g_.images; ++image) {
      if (g_.plain_src) pad(image);
      for (int chunk = 0; chunk < chunks; ++chunk) {
        first_ = g_.height * chunk / chunks;
        end_ = g_.height * (chunk + 1) / chunks;
        write_diff_words(image);
        if (g_.plain_src) {
          for_each_vector_group(g_, pairs_.diff_blocks,
                                [&](auto count, int vector) { pass_plain<count>(vector); });
          continue;
        }
        for (int block = 0; block < pairs_.source_blocks; ++block) {
          write_source_words(image, block);
          for_each_vector_group(g_, pairs_.diff_blocks,
                                [&](auto count, int vector) { pass<count>(block, vector); });
        }
      }
    }
    for_each_vector_group(g_, pairs_.diff_blocks, [this](auto count, int vector) { write<count>(vector); });
  }

  // The words of a plain source's image.
  void pad(int image) const {
    std::memset(padded_, 0, size(g_.in_channels) * plane_words_ * sizeof(float));
    const float* from = g_.planes + size(image * g_.in_channels * g_.height) * size(g_.width);
    for (int channel = 0; channel < g_.in_channels; ++channel)
      for (int row = 0; row < g_.height; ++row, from += g_.width)
        PlaneWords::write_row(from, size(g_.width), size(g_.reach.side),
                              padded_ + size(channel) * plane_words_ + size(g_.reach.up + row) * row_words_);
  }

  // All channels and taps of a plain source by `count` vectors of filters, over the chunk.
  template <int count>
  void pass_plain(int vector) const {
    const float* const diff = diff_words_ + size(vector) * diff_plane();
    const int rows = g_.in_channels * g_.tap_count;
    for (int group = 0; group < plain_groups_; ++group) {
      const float* inputs[kRows];
      for (int i = 0; i < kRows; ++i) {
        const int row = group * kRows + i < rows ? group * kRows + i : 0;  // the sums of others nobody reads
        const KernelTap& tap = g_.taps[row % g_.tap_count];
        inputs[i] = padded_ + size(row / g_.tap_count) * plane_words_ +
                    size(first_ + g_.reach.up + tap.down) * row_words_ + size(g_.reach.side + tap.right);
      }
      accumulate_plain<count>(inputs, diff, sums_of(vector) + size(group) * (kRows * count * kLanes));
    }
  }

  // inputs: of the chunk's first pixel, for each row of the tile.
  template <int count>
  void accumulate_plain(const float* (&inputs)[kRows], const float* diff, float* sums) const {
    const std::size_t plane = diff_plane(), pairs = size(pairs_.diff);
    Vector acc[kRows][count];
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 3
      for (int v = 0; v < count; ++v) acc[row][v] = load(sums + (row * count + v) * kLanes);
    for (int line = first_; line < end_; ++line) {
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        Vector d[count];
#pragma GCC unroll 3
        for (int v = 0; v < count; ++v) d[v] = load(diff + size(v) * plane + pair * kLanes);
#pragma GCC unroll 8
        for (int row = 0; row < kRows; ++row) {
          const float word = inputs[row][2 * pair];
#pragma GCC unroll 3
          for (int v = 0; v < count; ++v) acc[row][v] = Product::add(acc[row][v], word, d[v]);
        }
      }
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) inputs[row] += row_words_;
      diff += pairs * kLanes;
    }
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 3
      for (int v = 0; v < count; ++v) store(sums + (row * count + v) * kLanes, acc[row][v]);
  }

  const Bf16* plane_of(const Bf16* maps, int block) const {
    return maps + size(block) * size(g_.height * g_.width) * kLanes;
  }

  void write_diff_words(int image) const {
    for (int block = 0; block < pairs_.diff_blocks; ++block) {
      float* const words = diff_words_ + size(block) * diff_plane();
      write_words(plane_of(diff_dst_, image * pairs_.diff_blocks + block), first_, end_, 0, words);
      add_up(words, size((end_ - first_) * pairs_.diff), bias_sums_ + block * kLanes);
    }
  }

  // Of the rows that the chunk's taps read.
  void write_source_words(int image, int block) {
    source_first_ = first_ > g_.reach.up ? first_ - g_.reach.up : 0;
    const int end = end_ + g_.reach.down < g_.height ? end_ + g_.reach.down : g_.height;
    const Bf16* const plane = plane_of(src_, image * pairs_.source_blocks + block);
    if (pairs_.even > 0) write_words(plane, source_first_, end, 0, even_words_);
    if (pairs_.odd > 0) write_words(plane, source_first_, end, 1, odd_words_);
  }

  // before: columns of zeros before the first.
  void write_words(const Bf16* plane, int first, int end, int before, float* to) const {
    const Bf16* from = plane + size(first * g_.width) * kLanes;
    // Rows of an even width are pairs throughout: as one, they cost no loop's end each.
    const bool as_one = before == 0 && g_.width % 2 == 0;
    const int rows = as_one ? 1 : end - first, width = as_one ? (end - first) * g_.width : g_.width;
    for (int row = 0; row < rows; ++row, from += size(width) * kLanes) {
      if (before == 1) to = write_second_half(from, to);
      to = write_pairs(from + before * kLanes, width - before, to);
    }
  }

  // All channels of the block and taps by `count` vectors of filters, over the chunk.
  template <int count>
  void pass(int block, int vector) const {
    constexpr std::size_t kTile = std::size_t{kRows} * count * kLanes;
    const float* const diff = diff_words_ + size(vector) * diff_plane();
    float* sums = sums_of(vector) + size(block * (kLanes / kRows) * g_.tap_count) * kTile;
    for (int channel = 0; channel < kLanes; channel += kRows)
      for (int tap = 0; tap < g_.tap_count; ++tap, sums += kTile) {
        const int down = g_.taps[tap].down, right = g_.taps[tap].right;
        const bool is_odd = right % 2 != 0;
        const float* const words = is_odd ? odd_words_ : even_words_;
        const int source_pairs = is_odd ? pairs_.odd : pairs_.even;
        const int shift = (right + is_odd) / 2;  // of pairs
        const int top = first_ < -down ? -down : first_,
                  bottom = g_.height - down < end_ ? g_.height - down : end_;
        const int left = shift < 0 ? -shift : 0,
                  end = source_pairs - shift < pairs_.diff ? source_pairs - shift : pairs_.diff;
        if (top >= bottom || left >= end) continue;
        const int rows = bottom - top, columns = end - left;
        const float* const source =
            words + size((top + down - source_first_) * source_pairs + left + shift) * kLanes + channel;
        const float* const from = diff + size((top - first_) * pairs_.diff + left) * kLanes;
        if (right == 0)  // whole rows follow each other without a gap
          accumulate<count>(source, 0, from, 0, diff_plane(), 1, rows * columns, sums);
        else
          accumulate<count>(source, size(source_pairs) * kLanes, from, size(pairs_.diff) * kLanes,
                            diff_plane(), rows, columns, sums);
      }
  }

  template <int count>
  static void accumulate(const float* source, std::size_t source_stride, const float* diff,
                         std::size_t diff_stride, std::size_t plane, int rows, int pairs, float* sums) {
    Vector acc[kRows][count];
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 3
      for (int v = 0; v < count; ++v) acc[row][v] = load(sums + (row * count + v) * kLanes);
    for (int line = 0; line < rows; ++line) {
      for (std::size_t pair = 0; pair < size(pairs); ++pair) {
        Vector d[count];
#pragma GCC unroll 3
        for (int v = 0; v < count; ++v) d[v] = load(diff + size(v) * plane + pair * kLanes);
#pragma GCC unroll 8
        for (int row = 0; row < kRows; ++row) {
          const float word = source[pair * kLanes + size(row)];
#pragma GCC unroll 3
          for (int v = 0; v < count; ++v) acc[row][v] = Product::add(acc[row][v], word, d[v]);
        }
      }
      source += source_stride;
      diff += diff_stride;
    }
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 3
      for (int v = 0; v < count; ++v) store(sums + (row * count + v) * kLanes, acc[row][v]);
  }

  // Sums of `count` vectors of filters -> OIHW.
  template <int count>
  void write(int vector) const {
    write_weight_sums(g_, vector * kLanes, count * kLanes, bias_sums_, [&](int channel, int tap) {
      return sums_of(vector) + size(row_of_sums(g_, kRows, channel, tap) * count * kLanes);
    });
  }

  // A tile's are [row][vector][lane]; the tiles of one pass follow each other.
  float* sums_of(int vector) const {
    return sums_ + size(vector) * kLanes * sum_rows();
  }

  const WeightGradient& g_;
  const Bf16* const src_;
  const Bf16* const diff_dst_;
  const PixelPairs pairs_;
  const int plain_groups_;  // tiles one above the other, of a plain source
  const std::size_t row_words_, plane_words_;
  // In the scratch.
  float* const bias_sums_;
  float* const sums_;
  float* const diff_words_;  // [block][row][pair][filter]
  float* const even_words_;  // of a block of the source, [row][pair][channel]
  float* const odd_words_;
  float* const padded_;      // or words of a plain source, [channel][row][pixel]
  int first_ = 0, end_ = 0;  // rows of the chunk
  int source_first_ = 0;     // the first row of the source's words
};

}  // namespace
}  // namespace pcnn

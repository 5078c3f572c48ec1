#pragma once

// The weight gradient of training_kernels.h, once for every vector width. Included by one source file per
// instruction set.
//
// The gradient of the weights is a matrix: a row for every pair of (input channel, live tap), a column for
// every filter; each pixel adds the product of the inputs its taps read and its diff_dst. A register tile is
//
//            filters ->   | vector 0 | vector 1 | vector 2 |
//     4 or 8 rows         |  acc     |  acc     |  acc     |
//
// with the pixels innermost: per pixel, a broadcast of each row's input times the vectors of diff_dst. A few
// rows of pixels at a time, so that they stay in the first-level cache while all tiles pass over them; the
// tiles' sums wait in the scratch meanwhile.

#include <cstddef>
#include <cstring>

#include "engine/compile/kernels/training_kernels.h"
#include "engine/compile/kernels/weight_sums.h"
#include "engine/core/simd.h"

namespace pcnn {
namespace {

template <int kLanes>
class WeightGradientTile : Simd<kLanes> {
 public:
  static void run(const WeightGradient& gradient, const float* src, const float* diff_dst) {
    WeightGradientTile(gradient, src, diff_dst).run();
  }

 private:
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::load, Simd<kLanes>::store;

  // Sums that fit beside a pixel's vectors: 16 registers up to AVX2, 32 with AVX-512.
  static constexpr int kRows = kLanes == 16 ? 8 : 4;
  static constexpr int kVectors = 3;
  static_assert(kLanes % kRows == 0 && kGradientRows % kRows == 0);
  // Inputs and diff_dst of one pass over the tiles: most of 32 KiB.
  static constexpr std::size_t kChunkFloats = 6400;

  static std::size_t size(int value) { return static_cast<std::size_t>(value); }

  WeightGradientTile(const WeightGradient& gradient, const float* src, const float* diff_dst)
      : g_(gradient),
        src_(src),
        diff_dst_(diff_dst),
        vectors_((g_.filters + kLanes - 1) / kLanes),
        row_groups_(g_.plain_src ? (g_.in_channels * g_.tap_count + kRows - 1) / kRows
                                 : (g_.in_channels + kLanes - 1) / kLanes * (kLanes / kRows) * g_.tap_count),
        padded_width_(g_.width + 2 * g_.reach.side),
        padded_height_(g_.height + g_.reach.up + g_.reach.down),
        bias_sums_(g_.scratch),
        sums_(bias_sums_ + size(vectors_) * kLanes),
        padded_(sums_ + size(vectors_) * kLanes * size(row_groups_) * kRows) {}

  void run() {
    std::memset(bias_sums_, 0, size(vectors_) * kLanes * (1 + size(row_groups_) * kRows) * sizeof(float));
    const std::size_t row_floats = size(g_.width) * kLanes * (kVectors + 1);
    const int most = row_floats < kChunkFloats ? static_cast<int>(kChunkFloats / row_floats) : 1;
    const int chunks = (g_.height + most - 1) / most;
    for (image_ = 0; image_ < g_.images; ++image_) {
      if (g_.plain_src) pad();
      for (int chunk = 0; chunk < chunks; ++chunk) {
        first_ = g_.height * chunk / chunks;
        end_ = g_.height * (chunk + 1) / chunks;
        for_each_vector_group(g_, vectors_, [this](auto count, int vector) { pass<count>(vector); });
      }
    }
    for_each_vector_group(g_, vectors_, [this](auto count, int vector) { write<count>(vector); });
  }

  // The image with the zeros around it that taps may read.
  void pad() const {
    const int top = g_.reach.up, side = g_.reach.side;
    std::memset(padded_, 0, size(g_.in_channels) * size(padded_height_ * padded_width_) * sizeof(float));
    for (int row = 0; row < g_.in_channels * g_.height; ++row)
      std::memcpy(padded_ +
                      size(row / g_.height * padded_height_ + top + row % g_.height) * size(padded_width_) +
                      side,
                  g_.planes + size(image_ * g_.in_channels * g_.height + row) * size(g_.width),
                  size(g_.width) * sizeof(float));
  }

  // All rows of the matrix by `count` vectors of filters, over the pixel rows [first_, end_).
  template <int count>
  void pass(int vector) const {
    const std::size_t plane = size(g_.height * g_.width) * kLanes;
    const float* diff = diff_dst_ + (size(image_ * vectors_ + vector)) * plane;
    add_bias<count>(diff, plane, bias_sums_ + size(vector) * kLanes);
    float* sums = sums_ + size(vector) * kLanes * size(row_groups_) * kRows;
    const std::size_t stride = size(g_.width) * kLanes;
    constexpr std::size_t kTile = std::size_t{kRows} * count * kLanes;
    if (g_.plain_src) {
      const float* inputs[kRows];
      int waiting = 0, group = 0;
      const auto flush = [&] {
        for (int i = waiting; i < kRows; ++i) inputs[i] = inputs[0];  // sums nobody reads
        accumulate<count, 1>(inputs, size(padded_width_), diff + size(first_ * g_.width) * kLanes, stride,
                             plane, end_ - first_, g_.width, sums + size(group++) * kTile);
        waiting = 0;
      };
      for (int channel = 0; channel < g_.in_channels; ++channel)
        for (int tap = 0; tap < g_.tap_count; ++tap) {
          inputs[waiting++] = padded_ +
                              size(channel * padded_height_ + first_ + g_.reach.up + g_.taps[tap].down) *
                                  size(padded_width_) +
                              size(g_.reach.side + g_.taps[tap].right);
          if (waiting == kRows) flush();
        }
      if (waiting > 0) flush();
      return;
    }
    const int blocks = (g_.in_channels + kLanes - 1) / kLanes;
    for (int block = 0; block < blocks; ++block)
      for (int part = 0; part < kLanes / kRows; ++part)
        for (int tap = 0; tap < g_.tap_count; ++tap) {
          const int dy = g_.taps[tap].down, dx = g_.taps[tap].right;
          const int top = first_ < -dy ? -dy : first_, bottom = g_.height - dy < end_ ? g_.height - dy : end_;
          const int left = dx < 0 ? -dx : 0, right = dx > 0 ? g_.width - dx : g_.width;
          float* const tile = sums;
          sums += kTile;
          if (top >= bottom || left >= right) continue;
          const float* input = src_ + (size(image_ * blocks + block)) * plane +
                               size((top + dy) * g_.width + left + dx) * kLanes + size(part * kRows);
          const float* inputs[kRows];
          for (int row = 0; row < kRows; ++row) inputs[row] = input + row;
          const float* from = diff + size(top * g_.width + left) * kLanes;
          if (dx == 0)  // whole rows follow each other without a gap
            accumulate<count, kLanes>(inputs, stride, from, stride, plane, 1, (bottom - top) * g_.width,
                                      tile);
          else
            accumulate<count, kLanes>(inputs, stride, from, stride, plane, bottom - top, right - left, tile);
        }
  }

  template <int count>
  void add_bias(const float* diff, std::size_t plane, float* sums) const {
    for (int v = 0; v < count; ++v) {
      const float* from = diff + size(v) * plane;
      Vector even = load(sums + v * kLanes), odd{};
      int pixel = first_ * g_.width;
      for (; pixel + 2 <= end_ * g_.width; pixel += 2) {
        even += load(from + size(pixel) * kLanes);
        odd += load(from + size(pixel + 1) * kLanes);
      }
      if (pixel < end_ * g_.width) even += load(from + size(pixel) * kLanes);
      store(sums + v * kLanes, even + odd);
    }
  }

  // inputs: of the first pixel, for each row of the tile; kStep floats to the next pixel.
  template <int count, int kStep>
  static void accumulate(const float* const (&inputs)[kRows], std::size_t input_stride, const float* diff,
                         std::size_t diff_stride, std::size_t plane, int rows, int columns, float* sums) {
    Vector acc[kRows][count];
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 3
      for (int v = 0; v < count; ++v) acc[row][v] = load(sums + (row * count + v) * kLanes);
    const float* in[kRows];
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) in[row] = inputs[row];
    for (int line = 0; line < rows; ++line) {
      const std::size_t width = size(columns);
      for (std::size_t pixel = 0; pixel < width; ++pixel) {
        Vector d[count];
#pragma GCC unroll 3
        for (int v = 0; v < count; ++v) d[v] = load(diff + size(v) * plane + pixel * kLanes);
#pragma GCC unroll 8
        for (int row = 0; row < kRows; ++row) {
          const float value = in[row][pixel * kStep];
#pragma GCC unroll 3
          for (int v = 0; v < count; ++v) acc[row][v] += value * d[v];
        }
      }
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) in[row] += input_stride;
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
    const float* const sums = sums_ + size(vector) * kLanes * size(row_groups_) * kRows;
    write_weight_sums(g_, vector * kLanes, count * kLanes, bias_sums_, [&](int channel, int tap) {
      return sums + size(row_of_sums(g_, kRows, channel, tap) * count * kLanes);
    });
  }

  const WeightGradient& g_;
  const float* const src_;
  const float* const diff_dst_;
  const int vectors_;                       // of filters
  const int row_groups_;                    // tiles one above the other
  const int padded_width_, padded_height_;  // of a plain src
  // In the scratch; a tile's sums are [row][vector][lane], the tiles of one pass over the rows follow each
  // other.
  float* const bias_sums_;
  float* const sums_;
  float* const padded_;
  int image_ = 0, first_ = 0, end_ = 0;  // the image and its rows that the tiles pass over
};

}  // namespace
}  // namespace pcnn

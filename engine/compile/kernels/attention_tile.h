#pragma once

// Attention of one query to what comes before it, and the softmax of whole rows of scores, once for every
// vector width. Included by source files that are built once per instruction set.
//
// For the sampler a result must have the same bits whatever the width of a vector: a score is added in the
// order of the key's maps, one fused multiply-add at a time; sums over pixels are kept apart by the pixel's
// number, modulo 16 where they are of exponentials and modulo 4 where they are of values, and joined in one
// order at the end.

#include <cstddef>

#include "engine/compile/kernels/attention.h"
#include "engine/core/simd.h"

namespace pcnn {
namespace {

template <int kLanes>
struct AttentionTile : Simd<kLanes> {
  using typename Simd<kLanes>::Vector;
  using typename Simd<kLanes>::Integers;
  using Simd<kLanes>::load, Simd<kLanes>::store, Simd<kLanes>::load_part, Simd<kLanes>::store_part,
      Simd<kLanes>::larger, Simd<kLanes>::exponential;

  static constexpr int kBlock = static_cast<int>(kAttentionBlock);
  static constexpr int kVectors = kBlock / kLanes;  // in a block
  static constexpr float kLowest = -3.4028235e38f;

  // 0 in the lanes from `count` on.
  static Vector first_lanes(Vector x, std::size_t count) {
    Integers lane;
    for (int i = 0; i < kLanes; ++i) lane[i] = i;
    return lane < static_cast<int>(count) ? x : Vector{};
  }

  static float largest_of(const float* values, int count) {
    float largest = values[0];
    for (int i = 1; i < count; ++i) largest = values[i] > largest ? values[i] : largest;
    return largest;
  }

  // In pairs that are half of what is left apart.
  static float sum_of(float* values, int count) {
    for (int half = count / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) values[i] += values[i + half];
    return values[0];
  }

  // --- the sampler's ---

  static void attend(const PixelAttention& a) {
    for (std::size_t i = 0; i < a.value; ++i) a.dst[i] = 0.0f;
    if (a.count == 0) return;
    const std::size_t blocks = (a.count + kBlock - 1) / kBlock;
    std::size_t block = 0;
    for (; block + 4 <= blocks; block += 4) score_blocks<4>(a, block);
    for (; block < blocks; ++block) score_blocks<1>(a, block);
    const float inverse = 1.0f / exponentials(a, blocks);
    const std::size_t stride = in_attention_blocks(a.value);
    std::size_t first = 0;
    if constexpr (kVectors < 4)
      for (; first + 2 * kBlock <= stride; first += 2 * kBlock) add_values<2 * kVectors>(a, first, inverse);
    for (; first < stride; first += kBlock) add_values<kVectors>(a, first, inverse);
  }

  // scores = scale * query . key, of whole blocks.
  template <int kBlocks>
  static void score_blocks(const PixelAttention& a, std::size_t block) {
    Vector sums[kBlocks][kVectors]{};
    const float* const keys = a.keys + block * a.key * kBlock;
    for (std::size_t k = 0; k < a.key; ++k) {
      const float query = a.query[k];
#pragma GCC unroll 4
      for (int b = 0; b < kBlocks; ++b)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v)
          sums[b][v] += query * load(keys + (static_cast<std::size_t>(b) * a.key + k) * kBlock + v * kLanes);
    }
#pragma GCC unroll 4
    for (int b = 0; b < kBlocks; ++b)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        store(a.scores + (block + static_cast<std::size_t>(b)) * kBlock + v * kLanes, a.scale * sums[b][v]);
  }

  // Replaces scores by their exponentials, the largest score taken off, and returns the sum of these. What
  // lies behind the last pixel becomes 0.
  static float exponentials(const PixelAttention& a, std::size_t blocks) {
    const std::size_t last = (blocks - 1) * kBlock, left = a.count - last;
    for (std::size_t i = left; i < static_cast<std::size_t>(kBlock); ++i) a.scores[last + i] = kLowest;
    Vector most[kVectors];
    for (int v = 0; v < kVectors; ++v) most[v] = load(a.scores + v * kLanes);
    for (std::size_t i = kBlock; i < blocks * kBlock; i += kBlock)
      for (int v = 0; v < kVectors; ++v) most[v] = larger(load(a.scores + i + v * kLanes), most[v]);
    float lanes[kBlock];
    for (int v = 0; v < kVectors; ++v) store(lanes + v * kLanes, most[v]);
    const Vector largest = Vector{} + largest_of(lanes, kBlock);

    Vector sums[kVectors]{};
    for (std::size_t i = 0; i < last; i += kBlock)
      for (int v = 0; v < kVectors; ++v) {
        const Vector e = exponential(load(a.scores + i + v * kLanes) - largest);
        store(a.scores + i + v * kLanes, e);
        sums[v] += e;
      }
    for (int v = 0; v < kVectors; ++v) {
      const std::size_t before = static_cast<std::size_t>(v * kLanes);
      const Vector e = first_lanes(exponential(load(a.scores + last + before) - largest),
                                   left > before ? left - before : 0);
      store(a.scores + last + before, e);
      sums[v] += e;
    }
    for (int v = 0; v < kVectors; ++v) store(lanes + v * kLanes, sums[v]);
    return sum_of(lanes, kBlock);
  }

  // dst of kColumns vectors of the value's maps.
  template <int kColumns>
  static void add_values(const PixelAttention& a, std::size_t first, float inverse) {
    constexpr int kApart = 4;
    const std::size_t stride = in_attention_blocks(a.value);
    Vector sums[kApart][kColumns]{};
    const float* from = a.values + first;
    const auto add = [&](int apart, std::size_t pixel) {
      const float weight = a.scores[pixel];
#pragma GCC unroll 4
      for (int v = 0; v < kColumns; ++v) sums[apart][v] += weight * load(from + v * kLanes);
      from += stride;
    };
    std::size_t pixel = 0;
    for (; pixel + kApart <= a.count; pixel += kApart)
#pragma GCC unroll 4
      for (int apart = 0; apart < kApart; ++apart) add(apart, pixel + static_cast<std::size_t>(apart));
#pragma GCC unroll 4
    for (int apart = 0; apart < kApart; ++apart)
      if (pixel + static_cast<std::size_t>(apart) < a.count)
        add(apart, pixel + static_cast<std::size_t>(apart));
    for (int v = 0; v < kColumns; ++v) {
      const std::size_t at = first + static_cast<std::size_t>(v * kLanes);
      if (at >= a.value) return;
      const Vector sum = ((sums[0][v] + sums[1][v]) + (sums[2][v] + sums[3][v])) * inverse;
      if (const std::size_t maps = a.value - at; maps < static_cast<std::size_t>(kLanes))
        store_part(a.dst + at, sum, maps);
      else
        store(a.dst + at, sum);
    }
  }

  // --- of rows, in training and scoring ---

  // Calls run(vector) -> vector for all of a row, the last part filled up with zeros.
  template <typename Run>
  static void for_row(std::size_t count, float* row, Run&& run) {
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) store(row + i, run(load(row + i), i, std::size_t{kLanes}));
    if (i < count) store_part(row + i, run(load_part(row + i, count - i), i, count - i), count - i);
  }

  static void clear(float* row, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) row[i] = 0.0f;
  }

  static SoftmaxScale softmax_row(std::size_t count, std::size_t columns, float* row) {
    clear(row, count, columns);
    if (count == 0) return {};
    Vector most = Vector{} + row[0];
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) most = larger(load(row + i), most);
    float lanes[kLanes];
    store(lanes, most);
    float largest = largest_of(lanes, kLanes);
    for (; i < count; ++i) largest = row[i] > largest ? row[i] : largest;
    const Vector taken_off = Vector{} + largest;
    Vector sum{};
    for_row(count, row, [&](Vector x, std::size_t, std::size_t lane_count) {
      Vector e = exponential(x - taken_off);
      if (lane_count < static_cast<std::size_t>(kLanes)) e = first_lanes(e, lane_count);
      sum += e;
      return e;
    });
    store(lanes, sum);
    return {largest, 1.0f / sum_of(lanes, kLanes)};
  }

  static void softmax_row_again(std::size_t count, std::size_t columns, const SoftmaxScale& scale,
                                float* row) {
    clear(row, count, columns);
    const Vector largest = Vector{} + scale.largest, inverse = Vector{} + scale.inverse;
    for_row(count, row,
            [&](Vector x, std::size_t, std::size_t) { return exponential(x - largest) * inverse; });
  }

  static void softmax_row_backward(std::size_t count, std::size_t columns, const float* probabilities,
                                   float mean, float scale, float* diff) {
    clear(diff, count, columns);
    for_row(count, diff, [&](Vector d, std::size_t i, std::size_t lane_count) {
      const Vector p = lane_count < static_cast<std::size_t>(kLanes)
                           ? load_part(probabilities + i, lane_count)
                           : load(probabilities + i);
      return p * (d - mean) * scale;
    });
  }
};

}  // namespace
}  // namespace pcnn

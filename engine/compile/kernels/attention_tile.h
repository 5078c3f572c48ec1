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
    if (a.count == 0) {
      for (std::size_t i = 0; i < a.value; ++i) a.dst[i] = 0.0f;
      return;
    }
    const std::size_t blocks = (a.count + kBlock - 1) / kBlock;
    std::size_t block = 0;
    for (; block + 4 <= blocks; block += 4) score_blocks<4>(a, block);
    for (; block < blocks; ++block) score_blocks<1>(a, block);
    Exponentials exponentials{Vector{} + largest_score(a, blocks)};
    std::size_t first = 0;
    add_values<kVectors, true>(a, first, exponentials);
    const std::size_t stride = in_attention_blocks(a.value);
    for (first = kBlock; first < stride; first += kBlock) add_values<kVectors, false>(a, first, exponentials);
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

  // Scores behind the last pixel become the lowest.
  static float largest_score(const PixelAttention& a, std::size_t blocks) {
    for (std::size_t i = a.count; i < blocks * kBlock; ++i) a.scores[i] = kLowest;
    Vector most[kVectors];
    for (int v = 0; v < kVectors; ++v) most[v] = load(a.scores + v * kLanes);
    for (std::size_t i = kBlock; i < blocks * kBlock; i += kBlock)
      for (int v = 0; v < kVectors; ++v) most[v] = larger(load(a.scores + i + v * kLanes), most[v]);
    float lanes[kBlock];
    for (int v = 0; v < kVectors; ++v) store(lanes + v * kLanes, most[v]);
    return largest_of(lanes, kBlock);
  }

  // Of scores, the largest taken off, and their sum.
  struct Exponentials {
    Vector largest{};
    Vector sums[kVectors]{};
    float inverse = 0.0f;  // one over the sum

    // Of the scores of a block, in place; those of pixels from `count` on are 0.
    void compute(float* scores, std::size_t count) {
      for (int v = 0; v < kVectors; ++v) {
        const std::size_t before = static_cast<std::size_t>(v * kLanes);
        Vector e = exponential(load(scores + before) - largest);
        if (count < static_cast<std::size_t>(kBlock)) e = first_lanes(e, count > before ? count - before : 0);
        store(scores + before, e);
        sums[v] += e;
      }
    }
    void finish() {
      float lanes[kBlock];
      for (int v = 0; v < kVectors; ++v) store(lanes + v * kLanes, sums[v]);
      inverse = 1.0f / sum_of(lanes, kBlock);
    }
  };

  // dst of kColumns vectors of the value's maps. The first time exponentials are computed on the way, while
  // values come from memory.
  template <int kColumns, bool kComputesExponentials>
  static void add_values(const PixelAttention& a, std::size_t first, Exponentials& exponentials) {
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
    for (; pixel + kBlock <= a.count; pixel += kBlock) {
      if constexpr (kComputesExponentials) exponentials.compute(a.scores + pixel, kBlock);
#pragma GCC unroll 16
      for (int i = 0; i < kBlock; ++i) add(i % kApart, pixel + static_cast<std::size_t>(i));
    }
    if (pixel < a.count) {
      if constexpr (kComputesExponentials) exponentials.compute(a.scores + pixel, a.count - pixel);
        // Weights behind the last pixel are 0, but what they would weigh may be anything.
#pragma GCC unroll 16
      for (int i = 0; i < kBlock; ++i)
        if (pixel + static_cast<std::size_t>(i) < a.count)
          add(i % kApart, pixel + static_cast<std::size_t>(i));
    }
    if constexpr (kComputesExponentials) exponentials.finish();
    for (int v = 0; v < kColumns; ++v) {
      const std::size_t at = first + static_cast<std::size_t>(v * kLanes);
      if (at >= a.value) return;
      const Vector sum = ((sums[0][v] + sums[1][v]) + (sums[2][v] + sums[3][v])) * exponentials.inverse;
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

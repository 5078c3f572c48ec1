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
  //
  // Keys, and then values, are passed over tile by tile of pixels, for all queries each: those of a tile stay
  // in the first-level cache. A query's own order of additions is that of the pixels, whatever the others.

  static constexpr std::size_t kTile = 4 * kAttentionBlock;
  static constexpr std::size_t kApart = 4;  // sums of values

  static void attend(const PixelAttention& a) {
    const std::size_t first = a.count == 0 ? 1 : 0;  // the first query that sees anything
    if (first > 0)
      for (std::size_t i = 0; i < a.value; ++i) a.dst[i] = 0.0f;
    if (first >= a.queries) return;
    const std::size_t last = a.count + a.queries - 1;
    for (std::size_t tile = 0; tile < last; tile += kTile)
      for (std::size_t query = first; query < a.queries; ++query) score_tile(a, query, tile);

    Exponentials exponentials[kAttentionQueries];
    for (std::size_t query = first; query < a.queries; ++query) {
      exponentials[query].largest += largest_score(scores_of(a, query), a.count + query);
      float* const sums = sums_of(a, query);
      for (std::size_t i = 0; i < kApart * in_attention_blocks(a.value); i += kLanes)
        store(sums + i, Vector{});
    }
    for (std::size_t tile = 0; tile < last; tile += kTile)
      for (std::size_t query = first; query < a.queries; ++query)
        add_values_of_tile(a, query, tile, exponentials[query]);
    for (std::size_t query = first; query < a.queries; ++query)
      finish(a, query, 1.0f / exponentials[query].sum());
  }

  static float* scores_of(const PixelAttention& a, std::size_t query) {
    return a.scratch + query * in_attention_blocks(a.count + a.queries);
  }
  static float* sums_of(const PixelAttention& a, std::size_t query) {
    return scores_of(a, a.queries) + query * kApart * in_attention_blocks(a.value);
  }
  // Of the pixels that a query sees, those in the tile.
  static std::size_t pixels_of(const PixelAttention& a, std::size_t query, std::size_t tile) {
    const std::size_t count = a.count + query;
    return count <= tile ? 0 : count - tile < kTile ? count - tile : kTile;
  }

  static void score_tile(const PixelAttention& a, std::size_t query, std::size_t tile) {
    const std::size_t pixels = pixels_of(a, query, tile);
    if (pixels + kBlock > kTile) return score_blocks<4>(a, query, tile);
    for (std::size_t i = 0; i < pixels; i += kBlock) score_blocks<1>(a, query, tile + i);
  }

  // scores = scale * query . key, of whole blocks.
  template <int kBlocks>
  static void score_blocks(const PixelAttention& a, std::size_t query, std::size_t pixel) {
    Vector sums[kBlocks][kVectors]{};
    const float* const keys = a.keys + pixel * a.key;
    const float* const own = a.query + query * a.query_stride;
    for (std::size_t k = 0; k < a.key; ++k) {
      const float map = own[k];
#pragma GCC unroll 4
      for (int b = 0; b < kBlocks; ++b)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v)
          sums[b][v] += map * load(keys + (static_cast<std::size_t>(b) * a.key + k) * kBlock + v * kLanes);
    }
    float* const scores = scores_of(a, query) + pixel;
#pragma GCC unroll 4
    for (int b = 0; b < kBlocks; ++b)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) store(scores + b * kBlock + v * kLanes, a.scale * sums[b][v]);
  }

  // Scores behind the last pixel become the lowest.
  static float largest_score(float* scores, std::size_t count) {
    const std::size_t whole = in_attention_blocks(count);
    for (std::size_t i = count; i < whole; ++i) scores[i] = kLowest;
    Vector most[kVectors];
    for (int v = 0; v < kVectors; ++v) most[v] = load(scores + v * kLanes);
    for (std::size_t i = kBlock; i < whole; i += kBlock)
      for (int v = 0; v < kVectors; ++v) most[v] = larger(load(scores + i + v * kLanes), most[v]);
    float lanes[kBlock];
    for (int v = 0; v < kVectors; ++v) store(lanes + v * kLanes, most[v]);
    return largest_of(lanes, kBlock);
  }

  // Of scores, the largest taken off, and their sum.
  struct Exponentials {
    Vector largest{};
    Vector sums[kVectors]{};

    // Of a block, in place; those of pixels from `count` on are 0.
    void compute(float* scores, std::size_t count) {
      for (int v = 0; v < kVectors; ++v) {
        const std::size_t before = static_cast<std::size_t>(v * kLanes);
        Vector e = exponential(load(scores + before) - largest);
        if (count < static_cast<std::size_t>(kBlock)) e = first_lanes(e, count > before ? count - before : 0);
        store(scores + before, e);
        sums[v] += e;
      }
    }
    [[nodiscard]] float sum() const {
      float lanes[kBlock];
      for (int v = 0; v < kVectors; ++v) store(lanes + v * kLanes, sums[v]);
      return sum_of(lanes, kBlock);
    }
  };

  // Exponentials are computed on the way, while values come from memory.
  static void add_values_of_tile(const PixelAttention& a, std::size_t query, std::size_t tile,
                                 Exponentials& exponentials) {
    const std::size_t pixels = pixels_of(a, query, tile), stride = in_attention_blocks(a.value);
    if (pixels == 0) return;
    float* const weights = scores_of(a, query) + tile;
    for (std::size_t i = 0; i < pixels; i += kBlock) exponentials.compute(weights + i, pixels - i);
    std::size_t map = 0;
    if constexpr (kVectors == 1)
      for (; map + 2 * kBlock <= stride; map += 2 * kBlock) add_values<2>(a, query, tile, pixels, map);
    for (; map < stride; map += kBlock) add_values<kVectors>(a, query, tile, pixels, map);
  }

  // To kColumns vectors of the value's maps.
  template <int kColumns>
  static void add_values(const PixelAttention& a, std::size_t query, std::size_t tile, std::size_t pixels,
                         std::size_t map) {
    const std::size_t stride = in_attention_blocks(a.value);
    const float* const weights = scores_of(a, query) + tile;
    const float* from = a.values + tile * stride + map;
    float* const kept = sums_of(a, query) + map;
    Vector sums[kApart][kColumns];
    for (std::size_t apart = 0; apart < kApart; ++apart)
#pragma GCC unroll 4
      for (int v = 0; v < kColumns; ++v) sums[apart][v] = load(kept + apart * stride + v * kLanes);
    const auto add = [&](std::size_t apart, std::size_t pixel) {
      const float weight = weights[pixel];
#pragma GCC unroll 4
      for (int v = 0; v < kColumns; ++v) sums[apart][v] += weight * load(from + v * kLanes);
      from += stride;
    };
    std::size_t pixel = 0;
    for (; pixel + kApart <= pixels; pixel += kApart)
#pragma GCC unroll 4
      for (std::size_t apart = 0; apart < kApart; ++apart) add(apart, pixel + apart);
#pragma GCC unroll 4
    for (std::size_t apart = 0; apart < kApart; ++apart)
      if (pixel + apart < pixels) add(apart, pixel + apart);
    for (std::size_t apart = 0; apart < kApart; ++apart)
#pragma GCC unroll 4
      for (int v = 0; v < kColumns; ++v) store(kept + apart * stride + v * kLanes, sums[apart][v]);
  }

  static void finish(const PixelAttention& a, std::size_t query, float inverse) {
    const std::size_t stride = in_attention_blocks(a.value);
    const float* const sums = sums_of(a, query);
    float* const dst = a.dst + query * a.dst_stride;
    for (std::size_t map = 0; map < a.value; map += kLanes) {
      const auto sum = [&](std::size_t apart) { return load(sums + apart * stride + map); };
      const Vector all = ((sum(0) + sum(1)) + (sum(2) + sum(3))) * inverse;
      if (const std::size_t maps = a.value - map; maps < static_cast<std::size_t>(kLanes))
        store_part(dst + map, all, maps);
      else
        store(dst + map, all);
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

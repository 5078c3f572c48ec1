#pragma once

// What the kernels of attention are given: attention_tile.h, once for every instruction set.

#include <cstddef>

namespace pcnn {

// The softmax of one query's scores: p_j = exp(score_j - largest) * inverse.
struct SoftmaxScale {
  float largest = 0.0f;
  float inverse = 0.0f;  // one over the sum of exponentials; 0 where there are no scores
};

// The sampler's keys lie in blocks of so many pixels, [block][map of the key][pixel of the block], so that
// the scores of a block are computed side by side; its values are [pixel][map of the value], filled up to a
// multiple of as many.
inline constexpr std::size_t kAttentionBlock = 16;

[[nodiscard]] inline std::size_t in_attention_blocks(std::size_t count) {
  return (count + kAttentionBlock - 1) / kAttentionBlock * kAttentionBlock;
}

// Some queries of one head, of pixels that follow each other, each against all pixels before it. None's bits
// depend on the others.
struct PixelAttention {
  std::size_t queries = 1;  // at most kAttentionQueries
  std::size_t count = 0;    // of the pixels before the first of them
  std::size_t key = 0;      // maps of the head
  std::size_t value = 0;
  float scale = 1.0f;            // of query . key
  const float* query = nullptr;  // [query][key]
  std::size_t query_stride = 0;  // floats from one query to the next, here and below
  const float* keys = nullptr;   // in blocks; the last is read whole
  const float* values = nullptr;
  float* scratch = nullptr;  // attention_scratch_floats()
  float* dst = nullptr;      // [query][value]
  std::size_t dst_stride = 0;
};
inline constexpr std::size_t kAttentionQueries = 16;

// For images of so many pixels: scores of each query, and sums of values, four of each.
[[nodiscard]] inline std::size_t attention_scratch_floats(std::size_t pixels, std::size_t value) {
  return kAttentionQueries *
         (in_attention_blocks(pixels + kAttentionQueries) + 4 * in_attention_blocks(value));
}

}  // namespace pcnn

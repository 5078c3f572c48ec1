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

// One query of one head against all pixels before it.
struct PixelAttention {
  std::size_t count = 0;  // of those pixels
  std::size_t key = 0;    // maps of the head
  std::size_t value = 0;
  float scale = 1.0f;            // of query . key
  const float* query = nullptr;  // [key]
  const float* keys = nullptr;   // in blocks; the last is read whole
  const float* values = nullptr;
  float* scores = nullptr;  // scratch: a float for each pixel, in whole blocks
  float* dst = nullptr;     // [value]
};

}  // namespace pcnn

#pragma once

// Where the sampler keeps the keys and values of one attention, of every pixel of every chain's image:
//
//     [chain][head]   keys    [block of 16 pixels][map][pixel of the block]
//                     values  [pixel][map, filled up to 16]
//
// Keys lie so that the scores of sixteen pixels are computed side by side, and both are read from begin to
// end at every pixel: what bounds attention here is how fast they come. An entry is written when its pixel is
// there, and again where that had been a wrong guess; a query reads what lies before its pixel alone, so that
// nothing is ever cleared. Memory grows with rows x columns.

#include <cstddef>

#include "engine/compile/kernels/attention.h"

namespace pcnn {

// Immutable. Offsets are in floats, from the first chain's.
struct AttentionCache {
  std::size_t pixels = 0;
  std::size_t heads = 0;
  std::size_t key = 0;  // maps of each head
  std::size_t value = 0;
  std::size_t offset = 0;  // floats of each chain in the caches before this one

  [[nodiscard]] std::size_t key_floats() const { return in_attention_blocks(pixels) * key; }
  [[nodiscard]] std::size_t head_floats() const { return key_floats() + in_attention_blocks(value) * pixels; }
  [[nodiscard]] std::size_t floats() const { return heads * head_floats(); }

  [[nodiscard]] std::size_t keys_at(std::size_t chain, std::size_t head) const {
    return (chain * heads + head) * head_floats();
  }
  [[nodiscard]] std::size_t values_at(std::size_t chain, std::size_t head) const {
    return keys_at(chain, head) + key_floats();
  }
  // Of one pixel, in what keys_at() and values_at() begin.
  void write_key(const float* from, std::size_t pixel, float* keys) const {
    float* to = keys + pixel / kAttentionBlock * key * kAttentionBlock + pixel % kAttentionBlock;
    for (std::size_t map = 0; map < key; ++map) to[map * kAttentionBlock] = from[map];
  }
  void write_value(const float* from, std::size_t pixel, float* values) const {
    float* to = values + pixel * in_attention_blocks(value);
    for (std::size_t map = 0; map < value; ++map) to[map] = from[map];
  }
};

}  // namespace pcnn

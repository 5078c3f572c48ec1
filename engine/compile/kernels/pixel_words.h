#pragma once

// Maps of bf16 in words of two pixels, for weight gradients: of 16 maps at once. Included by source files
// that are built once per instruction set.

#include <cstddef>
#include <cstdint>

#include "engine/core/simd.h"

namespace pcnn {
namespace {

// Product: of word_products.h, for words of bf16.
template <typename Product>
struct PixelWords : Simd<16> {
  static constexpr int kMaps = 16;

  // Of pixels that follow each other, (0, 1), (2, 3), ...; the last one beside zero where they are odd in
  // number. Returns what is behind them.
  static float* write_pairs(const std::uint16_t* from, int pixels, float* to) {
    int pixel = 0;
    for (; pixel + 2 <= pixels; pixel += 2, from += 2 * kMaps, to += kMaps) store(to, pair(from));
    if (pixel < pixels) {
      store(to, (Vector)halves(from));
      to += kMaps;
    }
    return to;
  }
  // Zero and the pixel.
  static float* write_second_half(const std::uint16_t* from, float* to) {
    store(to, (Vector)(halves(from) << 16));
    return to + kMaps;
  }

  // sums[map] += the map's values in `count` words, [word][map].
  static void add_up(const float* words, std::size_t count, float* sums) {
    constexpr int kChains = 4;                                  // or each sum would wait for the one before
    const float ones = __builtin_bit_cast(float, 0x3f803f80u);  // two of them in bf16
    Vector chains[kChains] = {load(sums)};
    std::size_t i = 0;
    for (; i + kChains <= count; i += kChains)
#pragma GCC unroll 4
      for (std::size_t chain = 0; chain < kChains; ++chain)
        chains[chain] = Product::add(chains[chain], ones, load(words + (i + chain) * kMaps));
    for (; i < count; ++i) chains[0] = Product::add(chains[0], ones, load(words + i * kMaps));
    store(sums, (chains[0] + chains[1]) + (chains[2] + chains[3]));
  }

 private:
  static Vector pair(const std::uint16_t* from) {
    typedef std::uint16_t Both __attribute__((vector_size(64)));
    Both both;
    __builtin_memcpy(&both, from, sizeof(Both));
    return (Vector)__builtin_shufflevector(both, both, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
                                           8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
  static Unsigned halves(const std::uint16_t* from) {
    Halves values;
    __builtin_memcpy(&values, from, sizeof(Halves));
    return __builtin_convertvector(values, Unsigned);
  }
};

}  // namespace
}  // namespace pcnn

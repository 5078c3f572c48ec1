#pragma once

// Dropout over feature maps of any layout. Included by source files that are built once per instruction set.
//
// A value's number does not depend on how maps lie: maps are taken eight by eight, and a block of Philox at
//
//     counter (pixel, map / 8, node, image)
//
// holds eight numbers of 16 bits, one for each of them. The value is dropped where its number is below
// 65,536 times the rate.

#include <emmintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/simd.h"

namespace pcnn {
namespace {

constexpr int kMapsOfBlock = 8;    // of numbers
constexpr int kPixelsAtOnce = 32;  // numbers are drawn for

// philox4x32() of core/random.h at counters (pixel, b, c, d) for kPixelsAtOnce pixels in a row from `pixel`
// on; numbers: [pixel][kMapsOfBlock]. Two blocks at a time, a word in each half of a vector; what lies above
// the words means nothing, and no product reads it.
inline void draw_numbers(std::uint32_t pixel, std::uint32_t b, std::uint32_t c, std::uint32_t d,
                         std::array<std::uint32_t, 2> key, std::uint16_t* numbers) {
  const auto word = [](std::uint32_t value) {
    return _mm_set_epi32(0, static_cast<int>(value), 0, static_cast<int>(value));
  };
  const __m128i multiplier0 = word(0xD2511F53), multiplier1 = word(0xCD9E8D57);
  for (int i = 0; i < kPixelsAtOnce; i += 2, pixel += 2) {
    __m128i x = _mm_set_epi32(0, static_cast<int>(pixel + 1), 0, static_cast<int>(pixel)), y = word(b),
            z = word(c), w = word(d);
    std::uint32_t key0 = key[0], key1 = key[1];
    for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9, key1 += 0xBB67AE85) {
      const __m128i product0 = _mm_mul_epu32(x, multiplier0), product1 = _mm_mul_epu32(z, multiplier1);
      x = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi64(product1, 32), y), word(key0));
      z = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi64(product0, 32), w), word(key1));
      y = product1;
      w = product0;
    }
    const __m128i low = word(~0u);
    const __m128i xy = _mm_or_si128(_mm_and_si128(x, low), _mm_slli_epi64(y, 32)),
                  zw = _mm_or_si128(_mm_and_si128(z, low), _mm_slli_epi64(w, 32));
    auto* const to = reinterpret_cast<__m128i*>(numbers + i * kMapsOfBlock);
    _mm_storeu_si128(to, _mm_unpacklo_epi64(xy, zw));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi64(xy, zw));
  }
}

template <int kLanes>
class DropoutTile : Simd<(kLanes < kMapsOfBlock ? kLanes : kMapsOfBlock)> {
 public:
  template <typename Element>
  static void run(const DropoutPass& pass, const Element* src, Element* dst) {
    const MapLayout& layout = pass.layout;
    const int blocks = (layout.maps + layout.block - 1) / layout.block;
    std::uint16_t numbers[kPixelsAtOnce * kMapsOfBlock];
    for (int image = 0; image < layout.images; ++image)
      for (int map = 0; map < blocks * layout.block; map += kMapsOfBlock)
        for (int pixel = 0; pixel < layout.pixels; pixel += kPixelsAtOnce) {
          draw_numbers(static_cast<std::uint32_t>(pixel), static_cast<std::uint32_t>(map / kMapsOfBlock),
                       pass.node, pass.first_image + static_cast<std::uint32_t>(image), pass.key, numbers);
          const int pixels = layout.pixels - pixel < kPixelsAtOnce ? layout.pixels - pixel : kPixelsAtOnce;
          const auto at = [&](int of_map) {
            const std::size_t block = static_cast<std::size_t>(image * blocks + of_map / layout.block);
            return (block * static_cast<std::size_t>(layout.pixels) + static_cast<std::size_t>(pixel)) *
                       static_cast<std::size_t>(layout.block) +
                   static_cast<std::size_t>(of_map % layout.block);
          };
          if (map % layout.block + kMapsOfBlock <= layout.block) {
            side_by_side(pass, pixels, numbers, src + at(map), dst + at(map));
            continue;
          }
          for (int of_map = map; of_map < map + kMapsOfBlock && of_map < blocks * layout.block; ++of_map)
            one_map(pass, pixels, numbers + (of_map - map), src + at(of_map), dst + at(of_map));
        }
  }

 private:
  static constexpr int kWidth = kLanes < kMapsOfBlock ? kLanes : kMapsOfBlock;
  using typename Simd<kWidth>::Vector, typename Simd<kWidth>::Integers, typename Simd<kWidth>::Halves;
  using Simd<kWidth>::load, Simd<kWidth>::store;

  // All maps of a block of numbers follow each other.
  template <typename Element>
  static void side_by_side(const DropoutPass& pass, int pixels, const std::uint16_t* numbers,
                           const Element* src, Element* dst) {
    const Vector scale = Vector{} + pass.scale;
    const Integers dropped = Integers{} + static_cast<int>(pass.dropped);
    for (int pixel = 0; pixel < pixels; ++pixel, src += pass.layout.block, dst += pass.layout.block)
      for (int part = 0; part < kMapsOfBlock; part += kWidth, numbers += kWidth) {
        Halves halves;
        __builtin_memcpy(&halves, numbers, sizeof(Halves));
        const Vector value = load(src + part) * scale;
        store(dst + part, __builtin_convertvector(halves, Integers) >= dropped ? value : Vector{});
      }
  }

  template <typename Element>
  static void one_map(const DropoutPass& pass, int pixels, const std::uint16_t* numbers, const Element* src,
                      Element* dst) {
    Element part[kWidth] = {};
    for (int pixel = 0; pixel < pixels; ++pixel, src += pass.layout.block, dst += pass.layout.block) {
      part[0] = *src;
      store(part, load(part) * (Vector{} + pass.scale));
      *dst = numbers[pixel * kMapsOfBlock] >= pass.dropped ? part[0] : Element{};
    }
  }
};

}  // namespace
}  // namespace pcnn

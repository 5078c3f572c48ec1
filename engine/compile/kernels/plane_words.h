#pragma once

// Planes of f32 as words of two pixels of bf16, for the convolutions of images in bf16. Included by source
// files that are built once per instruction set.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/core/simd.h"

namespace pcnn {
namespace {

struct PlaneWords {
  // A row of pixels with `side` zeros before and behind it, each word a pixel and the one to its right:
  // (0, x[0]) is the last of those before it.
  static void write_row(const float* row, std::size_t width, std::size_t side, float* words) {
    std::memset(words, 0, (width + 2 * side) * sizeof(float));
    std::uint32_t right = 0;
    for (std::size_t i = width; i > 0; --i) {
      const std::uint32_t pixel = rounded(row[i - 1]);
      put(words + side + i - 1, pixel | right << 16);
      right = pixel;
    }
    if (side > 0) put(words + side - 1, right << 16);
  }

 private:
  static std::uint32_t rounded(float value) {
    std::uint16_t half[4];
    Simd<4>::store(half, Simd<4>::Vector{value});
    return half[0];
  }
  static void put(float* to, std::uint32_t word) { std::memcpy(to, &word, sizeof(word)); }
};

}  // namespace
}  // namespace pcnn

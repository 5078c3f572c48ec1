#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace pcnn {

// bf16 is the upper half of a float: to the nearest, ties to even; a NaN stays one.
[[nodiscard]] inline std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

[[nodiscard]] inline float from_bf16(std::uint16_t half) {
  return std::bit_cast<float>(std::uint32_t{half} << 16);
}

// Two of them in a word, the first in its lower half.
[[nodiscard]] inline std::uint32_t to_bf16_word(float first, float second) {
  return to_bf16(first) | std::uint32_t{to_bf16(second)} << 16;
}

}  // namespace pcnn

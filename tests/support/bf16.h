#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "engine/compile/kernels/training_kernels.h"

namespace pcnn::testing {

inline float widened(Bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

// To the nearest, ties to even.
inline Bf16 nearest(float value) {
  const auto below = static_cast<Bf16>(std::bit_cast<std::uint32_t>(value) >> 16);
  const auto above = static_cast<Bf16>(below + 1);  // away from zero
  const double down = std::abs(static_cast<double>(value) - widened(below));
  const double up = std::abs(static_cast<double>(widened(above)) - value);
  return down < up || (down == up && below % 2 == 0) ? below : above;
}

}  // namespace pcnn::testing

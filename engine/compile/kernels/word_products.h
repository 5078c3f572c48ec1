#pragma once

// What a word of weights and one of a source multiply to, in f32: words are floats, or pairs of bf16 of which
// each has its product.

#include <cstdint>

#include "engine/compile/backend.h"
#include "engine/core/simd.h"

namespace pcnn {
namespace {

template <int kLanes>
struct FloatProduct : Simd<kLanes> {
  static constexpr Precision kPrecision = Precision::kF32;
  using typename Simd<kLanes>::Vector;
  static Vector add(Vector sum, float word, Vector weights) { return sum + word * weights; }
};

// The same in bf16 from plain instructions: for tests, where the processor has none of its own.
template <int kLanes>
struct PlainBf16Product : Simd<kLanes> {
  static constexpr Precision kPrecision = Precision::kBf16;
  using typename Simd<kLanes>::Vector;
  using typename Simd<kLanes>::Unsigned;
  static Vector add(Vector sum, float word, Vector weights) {
    const auto bits = __builtin_bit_cast(std::uint32_t, word);
    const float first = __builtin_bit_cast(float, bits << 16),
                second = __builtin_bit_cast(float, bits & 0xffff0000u);
    sum += second * (Vector)((Unsigned)weights & 0xffff0000u);
    return sum + first * (Vector)((Unsigned)weights << 16);
  }
};

}  // namespace
}  // namespace pcnn

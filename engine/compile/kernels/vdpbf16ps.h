#pragma once

// Products of bf16 by the instructions of AVX512_BF16, for files that are built with -mavx512bf16.

#include <immintrin.h>

#include "engine/compile/kernels/word_products.h"

namespace pcnn {
namespace {

// Denormals are zero.
struct Vdpbf16ps : Simd<16> {
  static constexpr Precision kPrecision = Precision::kBf16;
  using typename Simd<16>::Vector;
  static Vector add(Vector sum, float word, Vector weights) {
    return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_ps(word), (__m512bh)weights);
  }
  // To the nearest, ties to even.
  static void store(std::uint16_t* to, Vector value) {
    const __m256bh halves = _mm512_cvtneps_pbh((__m512)value);
    __builtin_memcpy(to, &halves, sizeof(halves));
  }
  static void store(float* to, Vector value) { Simd<16>::store(to, value); }
};

}  // namespace
}  // namespace pcnn

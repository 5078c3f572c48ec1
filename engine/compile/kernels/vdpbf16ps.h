#pragma once

// Products of bf16 in pairs, for files that are built with -mavx512bf16.

#include <immintrin.h>

#include "engine/core/simd.h"

namespace pcnn {
namespace {

struct Vdpbf16ps {
  using Vector = Simd<16>::Vector;
  // In each lane: sum + the word's two halves times those of the lane. Denormals are zero.
  static Vector add(Vector sum, float word, Vector words) {
    return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_ps(word), (__m512bh)words);
  }
};

}  // namespace
}  // namespace pcnn

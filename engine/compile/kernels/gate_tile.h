#pragma once

// tanh(a) * sigmoid(b) and its derivatives, of vectors of any width: with u = e^-2a and v = e^-b
//
//     tanh(a) = (1 - u) / (1 + u)      sigmoid(b) = 1 / (1 + v)
//
// so that both cost two exponentials and one division. Included by source files that are built once per
// instruction set.

#include "engine/core/simd.h"

namespace pcnn {
namespace {

template <int kLanes>
struct GateTile : Simd<kLanes> {
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::larger, Simd<kLanes>::smaller, Simd<kLanes>::exponential;

  // e^x, cut where the functions are flat in f32 and the product of two is still finite. A NaN stays one.
  static Vector bounded_exponential(Vector x) {
    return exponential(smaller(Vector{} + 40.0f, larger(Vector{} - 40.0f, x)));
  }

  static Vector gate(Vector a, Vector b) {
    const Vector u = bounded_exponential(-2.0f * a), v = bounded_exponential(-b);
    return (1.0f - u) / ((1.0f + u) * (1.0f + v));
  }

  struct Derivatives {
    Vector a, b;
  };
  static Derivatives gate_derivatives(Vector a, Vector b) {
    const Vector u = bounded_exponential(-2.0f * a), v = bounded_exponential(-b);
    const Vector inverse = 1.0f / ((1.0f + u) * (1.0f + v));
    const Vector t = (1.0f - u) * (1.0f + v) * inverse, s = (1.0f + u) * inverse;
    return {s * (1.0f - t * t), t * s * (1.0f - s)};
  }
};

}  // namespace
}  // namespace pcnn

#pragma once

// Activation functions of vectors. Included by source files that are built once per instruction set.

#include "engine/core/simd.h"
#include "engine/model/network.h"

namespace pcnn {
namespace {

template <int kLanes>
struct ActivationTile : Simd<kLanes> {
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::larger, Simd<kLanes>::smaller, Simd<kLanes>::exponential;

  static Vector activate(const ActivationOp& op, Vector x) {
    const Vector zero{};
    switch (op.function) {
      case Activation::kRelu:
        return larger(x, zero);
      case Activation::kLeakyRelu:
        return x > zero ? x : x * op.slope;
      case Activation::kElu:
        return x > zero ? x : (exponential(smaller(x, zero)) - 1.0f) * op.slope;
      case Activation::kTanh:
        return 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
      case Activation::kSigmoid:
        break;
    }
    return 1.0f / (exponential(-x) + 1.0f);
  }

  // diff * f'(x), from y = f(x).
  template <Activation kFunction>
  static Vector times_derivative(Vector y, Vector diff, float slope) {
    if constexpr (kFunction == Activation::kRelu)
      return y > Vector{} ? diff : Vector{};
    else if constexpr (kFunction == Activation::kLeakyRelu)
      return y > Vector{} ? diff : diff * slope;
    else if constexpr (kFunction == Activation::kElu)
      return y > Vector{} ? diff : diff * (y + slope);
    else if constexpr (kFunction == Activation::kTanh)
      return diff * (1.0f - y * y);
    else
      return diff * (y * (1.0f - y));
  }

  // Calls run(derivative), where derivative(y, diff) is times_derivative() of this op: decided once, outside
  // of loops.
  template <typename Run>
  static void with_derivative(const ActivationOp& op, Run&& run) {
    const float slope = op.slope;
    switch (op.function) {
      case Activation::kRelu:
        return run([=](Vector y, Vector d) { return times_derivative<Activation::kRelu>(y, d, slope); });
      case Activation::kLeakyRelu:
        return run([=](Vector y, Vector d) { return times_derivative<Activation::kLeakyRelu>(y, d, slope); });
      case Activation::kElu:
        return run([=](Vector y, Vector d) { return times_derivative<Activation::kElu>(y, d, slope); });
      case Activation::kTanh:
        return run([=](Vector y, Vector d) { return times_derivative<Activation::kTanh>(y, d, slope); });
      case Activation::kSigmoid:
        return run([=](Vector y, Vector d) { return times_derivative<Activation::kSigmoid>(y, d, slope); });
    }
  }
};

}  // namespace
}  // namespace pcnn

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
};

}  // namespace
}  // namespace pcnn

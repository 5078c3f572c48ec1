#pragma once

#include <cmath>

#include "engine/model/network.h"

namespace pcnn::testing {

// f(x).
inline double activate(const ActivationOp& op, double x) {
  switch (op.function) {
    case Activation::kRelu:
      return x > 0 ? x : 0;
    case Activation::kLeakyRelu:
      return x > 0 ? x : op.slope * x;
    case Activation::kElu:
      return x > 0 ? x : op.slope * (std::exp(x) - 1);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      break;
  }
  return 1 / (1 + std::exp(-x));
}

// f'(x), from y = f(x).
inline double derivative_from_value(const ActivationOp& op, double y) {
  switch (op.function) {
    case Activation::kRelu:
      return y > 0 ? 1 : 0;
    case Activation::kLeakyRelu:
      return y > 0 ? 1 : op.slope;
    case Activation::kElu:
      return y > 0 ? 1 : y + op.slope;
    case Activation::kTanh:
      return 1 - y * y;
    case Activation::kSigmoid:
      return y * (1 - y);
  }
  return 0;
}

}  // namespace pcnn::testing

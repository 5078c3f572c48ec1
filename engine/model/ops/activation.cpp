#include "engine/model/ops/activation.h"

#include <fmt/format.h>

#include <cmath>

namespace pcnn {

double ActivationOp::input_gain() const {
  switch (function) {
    case Activation::kRelu:
    case Activation::kLeakyRelu:
      return std::sqrt(2.0 / (1.0 + double{slope} * double{slope}));
    case Activation::kElu:
    case Activation::kTanh:
      return 1.3;
    case Activation::kSigmoid:
      break;
  }
  return 4.0;
}

std::string ActivationOp::formula(std::span<const std::string> inputs) const {
  switch (function) {
    case Activation::kRelu:
      return fmt::format("relu({})", inputs[0]);
    case Activation::kLeakyRelu:
      return fmt::format("leaky_relu({}, {})", inputs[0], slope);
    case Activation::kElu:
      return fmt::format("elu({}, {})", inputs[0], slope);
    case Activation::kTanh:
      return fmt::format("tanh({})", inputs[0]);
    case Activation::kSigmoid:
      break;
  }
  return fmt::format("sigmoid({})", inputs[0]);
}

}  // namespace pcnn

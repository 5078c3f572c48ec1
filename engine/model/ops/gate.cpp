#include "engine/model/ops/gate.h"

#include <fmt/format.h>

namespace pcnn {

std::string GateOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("tanh({0}[first half]) * sigmoid({0}[second half])", inputs[0]);
}

}  // namespace pcnn

#include "engine/model/ops/dropout.h"

#include <fmt/format.h>

namespace pcnn {

std::string DropoutOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("dropout({}, {}), in training", inputs[0], rate);
}

}  // namespace pcnn

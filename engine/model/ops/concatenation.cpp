#include "engine/model/ops/concatenation.h"

#include <fmt/format.h>

namespace pcnn {

std::string ConcatenationOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("the maps of {}, then those of {}", inputs[0], inputs[1]);
}

}  // namespace pcnn

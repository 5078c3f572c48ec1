#include "engine/model/ops/condition.h"

#include <fmt/format.h>

#include "engine/core/index.h"
#include "engine/model/network.h"

namespace pcnn {

std::string ConditionOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("{} + vector of the class, 1 of {}", inputs[0], classes);
}

std::optional<LayerSummary> ConditionOp::summary(const Network& network, int node) const {
  const std::size_t parameters = network.parameters[to_index(table)].size;
  return LayerSummary{.name = network.node(node).name,
                      .output = network.shape(node, 1),
                      .parameters = parameters,
                      .live_parameters = parameters};
}

}  // namespace pcnn

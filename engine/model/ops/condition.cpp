#include "engine/model/ops/condition.h"

#include <fmt/format.h>

#include "engine/model/summary.h"

namespace pcnn {

std::string ConditionOp::formula(std::span<const std::string> inputs) const {
  if (vector > 0) return fmt::format("{} + {} given numbers x table", inputs[0], vector);
  return fmt::format("{} + vector of the class, 1 of {}", inputs[0], classes);
}

std::optional<LayerSummary> ConditionOp::summary(const Network& network, int node) const {
  return summarise_table(network, node, table);
}

}  // namespace pcnn

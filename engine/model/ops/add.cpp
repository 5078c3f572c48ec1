#include "engine/model/ops/add.h"

#include "engine/model/network.h"

namespace pcnn {

std::string AddOp::formula(std::span<const std::string> inputs) const {
  return inputs[0] + " + " + inputs[1];
}

std::optional<LayerSummary> AddOp::summary(const Network& network, int node) const {
  return LayerSummary{.name = network.node(node).name + " (add)", .output = network.shape(node, 1)};
}

}  // namespace pcnn

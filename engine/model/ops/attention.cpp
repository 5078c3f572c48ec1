#include "engine/model/ops/attention.h"

#include <fmt/format.h>

#include "engine/model/network.h"

namespace pcnn {

std::string AttentionOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("attention in {} head{} of {} to {} before it, of {}", heads, heads == 1 ? "" : "s",
                     inputs[0], inputs[1], inputs[2]);
}

std::optional<LayerSummary> AttentionOp::summary(const Network& network, int node) const {
  const Shape output = network.shape(node, 1);
  const auto maps = static_cast<std::uint64_t>(network.node(key).channels + output.c);
  return LayerSummary{.name = network.node(node).name,
                      .output = output,
                      .multiply_adds = pairs(static_cast<std::uint64_t>(output.h * output.w)) * maps};
}

}  // namespace pcnn

#include "engine/model/network.h"

#include <algorithm>
#include <utility>

namespace pcnn {
namespace {

std::size_t dead_count(const Parameter& parameter) {
  if (!parameter.is_kernel) return 0;
  return parameter.size - live_weights(parameter.mask, parameter.shape[0], parameter.shape[1],
                                       parameter.shape[2], parameter.shape[3]);
}

}  // namespace

std::size_t Network::parameter_count() const {
  return parameters.empty() ? 0 : parameters.back().offset + parameters.back().size;
}

std::size_t Network::live_parameter_count() const {
  std::size_t live = parameter_count();
  for (const Parameter& parameter : parameters) live -= dead_count(parameter);
  return live;
}

Shape Network::shape(int node, int images) const {
  return {images, this->node(node).channels, image_height, image_width};
}

int given_maps_node(const Network& network) {
  const auto found = std::ranges::find_if(
      network.nodes, [](const Node& node) { return std::holds_alternative<GivenMapsOp>(node.op); });
  return found == network.nodes.end() ? -1 : static_cast<int>(found - network.nodes.begin());
}

Network without_dropout(Network network) {
  std::vector<int> numbers;  // old number -> new one
  std::vector<Node> kept;
  for (Node& node : network.nodes) {
    renumber(node.op, numbers);
    if (const auto* dropout = std::get_if<DropoutOp>(&node.op)) {
      numbers.push_back(dropout->src);
      continue;
    }
    numbers.push_back(static_cast<int>(kept.size()));
    kept.push_back(std::move(node));
  }
  network.nodes = std::move(kept);
  network.logits = numbers[to_index(network.logits)];
  return network;
}

void zero_dead_weights(const Network& network, std::span<float> parameters) {
  for (const Parameter& parameter : network.parameters) {
    if (dead_count(parameter) == 0) continue;
    const int filters = parameter.shape[0], channels = parameter.shape[1], height = parameter.shape[2],
              width = parameter.shape[3], groups = parameter.mask.groups;
    float* kernel = parameters.data() + parameter.offset;
    for (int filter = 0; filter < filters; ++filter)
      for (int channel = 0; channel < channels; ++channel, kernel += height * width)
        for (int tap = 0; tap < height * width; ++tap)
          if (!is_live(parameter.mask, height, width, tap / width, tap % width,
                       group_of(filter, filters, groups), group_of(channel, channels, groups)))
            kernel[tap] = 0.0f;
  }
}

}  // namespace pcnn

#include "engine/model/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/digits.h"
#include "engine/model/receptive_field.h"

namespace pcnn {
namespace {

std::string describe_field(const Network& network) {
  const std::set<Offset> field = receptive_field(network);
  if (field.empty()) return "receptive field: none";
  int up = 0, left = 0, right = 0;
  for (const auto& [down, aside] : field) {
    up = std::max(up, -down);
    left = std::max(left, -aside);
    right = std::max(right, aside);
  }
  return fmt::format("receptive field: {} earlier pixels, reaching {} up, {} left, {} right",
                     grouped(field.size()), up, left, right);
}

}  // namespace

LayerSummary summarise_table(const Network& network, int node, int parameter) {
  const std::size_t parameters = network.parameters[to_index(parameter)].size;
  return {.name = network.node(node).name,
          .output = network.shape(node, 1),
          .parameters = parameters,
          .live_parameters = parameters};
}

std::vector<LayerSummary> summarise_layers(const Network& network) {
  std::vector<LayerSummary> layers;
  for (int node = 0; node < static_cast<int>(network.nodes.size()); ++node)
    if (std::optional<LayerSummary> layer = summary(network.node(node).op, network, node))
      layers.push_back(std::move(*layer));
  return layers;
}

std::string network_table(const Network& network) {
  const std::vector<LayerSummary> layers = summarise_layers(network);
  std::size_t width = 5;
  std::uint64_t multiply_adds = 0;
  for (const LayerSummary& layer : layers) {
    width = std::max(width, layer.name.size());
    multiply_adds += layer.multiply_adds;
  }
  const auto row = [&](std::string_view name, std::string_view mask, std::string_view kernel,
                       std::string_view output, std::string_view parameters, std::string_view live,
                       std::string_view multiply_adds) {
    return fmt::format("{:<{}}  {:<4}  {:<6}  {:<11}  {:>12}  {:>12}  {:>15}\n", name, width, mask, kernel,
                       output, parameters, live, multiply_adds);
  };
  std::string table = row("layer", "mask", "kernel", "output", "parameters", "live", "multiply-adds");
  for (const LayerSummary& layer : layers)
    table += row(layer.name, layer.mask, layer.kernel,
                 fmt::format("{}x{}x{}", layer.output.c, layer.output.h, layer.output.w),
                 grouped(layer.parameters), grouped(layer.live_parameters), grouped(layer.multiply_adds));
  const std::size_t parameters = network.parameter_count(), live = network.live_parameter_count();
  table += row("total", "", "", "", grouped(parameters), grouped(live), grouped(multiply_adds));
  table += fmt::format("parameters: {} ({} live, {} dead behind the masks)\n", grouped(parameters),
                       grouped(live), grouped(parameters - live));
  return table + describe_field(network) + "\n";
}

std::string network_formulas(const Network& network) {
  std::size_t width = 0;
  for (const Node& node : network.nodes) width = std::max(width, node.name.size());
  std::string text;
  for (const Node& node : network.nodes) {
    std::vector<std::string> names;
    for (const int input : inputs(node.op)) names.push_back(network.node(input).name);
    text += fmt::format("{:<{}} = {}\n", node.name, width, formula(node.op, names));
  }
  return text;
}

}  // namespace pcnn

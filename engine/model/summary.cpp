#include "engine/model/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/digits.h"
#include "engine/model/receptive_field.h"

namespace pcnn {
namespace {

LayerSummary summarise_conv(const Network& network, int node, const MaskedConvOp& conv) {
  LayerSummary layer;
  layer.name = network.nodes[static_cast<std::size_t>(node)].name;
  layer.mask = conv.mask.type == MaskType::kA ? "A" : "B";
  layer.kernel = fmt::format("{}x{}", conv.kernel_height, conv.kernel_width);
  layer.output = network.shape(node, 1);
  const std::size_t filters = static_cast<std::size_t>(layer.output.c);
  const std::size_t live =
      live_weights(conv.mask, layer.output.c, conv.in_channels, conv.kernel_height, conv.kernel_width);
  layer.parameters = network.parameters[static_cast<std::size_t>(conv.weight)].size + filters;
  layer.live_parameters = live + filters;
  layer.multiply_adds = std::uint64_t{live} * static_cast<std::uint64_t>(layer.output.h * layer.output.w);
  return layer;
}

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

std::vector<LayerSummary> summarise_layers(const Network& network) {
  std::vector<LayerSummary> layers;
  for (int node = 0; node < static_cast<int>(network.nodes.size()); ++node) {
    const Op& op = network.nodes[static_cast<std::size_t>(node)].op;
    if (const auto* conv = std::get_if<MaskedConvOp>(&op)) {
      layers.push_back(summarise_conv(network, node, *conv));
    } else if (std::holds_alternative<AddOp>(op)) {
      layers.push_back({.name = network.nodes[static_cast<std::size_t>(node)].name + " (add)",
                        .output = network.shape(node, 1)});
    }
  }
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

}  // namespace pcnn

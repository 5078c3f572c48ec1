#include "engine/model/ops/masked_conv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/index.h"
#include "engine/model/network.h"

namespace pcnn {
namespace {

const char* letter(Mask mask) {
  return mask.type == MaskType::kA ? "A" : "B";
}

}  // namespace

std::size_t MaskedConvOp::live_weights(int filters) const {
  return pcnn::live_weights(mask, filters, in_channels, kernel_height, kernel_width);
}

std::vector<Reads> MaskedConvOp::reads() const {
  return {{.node = src, .taps = taps(), .up = kernel_height / 2, .side = kernel_width / 2}};
}

std::vector<ParameterScale> MaskedConvOp::parameters(int channels) const {
  const auto live = static_cast<double>(live_weights(channels));
  return {{weight, std::sqrt(channels / std::max(live, 1.0))}, {bias, 0.3}};
}

std::string MaskedConvOp::title() const {
  return fmt::format("{}x{} convolution, mask {}", kernel_height, kernel_width, letter(mask));
}

std::string MaskedConvOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("bias + {}x{}{} * {}", kernel_height, kernel_width, letter(mask), inputs[0]);
}

std::optional<LayerSummary> MaskedConvOp::summary(const Network& network, int node) const {
  LayerSummary layer{.name = network.node(node).name,
                     .mask = letter(mask),
                     .kernel = fmt::format("{}x{}", kernel_height, kernel_width),
                     .output = network.shape(node, 1)};
  const auto filters = to_index(layer.output.c);
  const std::size_t live = live_weights(layer.output.c);
  layer.parameters = network.parameters[to_index(weight)].size + filters;
  layer.live_parameters = live + filters;
  layer.multiply_adds = std::uint64_t{live} * static_cast<std::uint64_t>(layer.output.h * layer.output.w);
  return layer;
}

}  // namespace pcnn

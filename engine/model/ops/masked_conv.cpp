#include "engine/model/ops/masked_conv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/index.h"
#include "engine/model/mask_name.h"
#include "engine/model/network.h"

namespace pcnn {
namespace {

std::string kernel_text(const MaskedConvOp& op) {
  std::string text = fmt::format("{}x{}", op.kernel_height, op.kernel_width);
  if (op.row_dilation == 1 && op.column_dilation == 1) return text;
  if (op.row_dilation == op.column_dilation) return text + fmt::format("/{}", op.row_dilation);
  return text + fmt::format("/{}x{}", op.row_dilation, op.column_dilation);
}

}  // namespace

std::size_t MaskedConvOp::live_weights(int filters) const {
  return pcnn::live_weights(mask, filters, in_channels, kernel_height, kernel_width);
}

std::vector<Tap> MaskedConvOp::taps() const {
  std::vector<Tap> taps;
  for (int row = 0; row < kernel_height; ++row)
    for (int column = 0; column < kernel_width; ++column)
      if (is_live(mask, kernel_height, kernel_width, row, column))
        taps.push_back({.down = (row - kernel_height / 2) * row_dilation,
                        .right = (column - kernel_width / 2) * column_dilation,
                        .groups = groups_read(mask, kernel_height, kernel_width, row, column)});
  return taps;
}

std::vector<Reads> MaskedConvOp::reads() const {
  return {{.node = src,
           .taps = taps(),
           .up = kernel_height / 2 * row_dilation,
           .side = kernel_width / 2 * column_dilation}};
}

std::vector<ParameterScale> MaskedConvOp::parameters(int channels) const {
  const auto live = static_cast<double>(live_weights(channels));
  return {{weight, std::sqrt(channels / std::max(live, 1.0))}, {bias, 0.3}};
}

std::string MaskedConvOp::title() const {
  return fmt::format("{} convolution, mask {}", kernel_text(*this), name_of(mask.type));
}

std::string MaskedConvOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("bias + {}{} * {}", kernel_text(*this), name_of(mask.type), inputs[0]);
}

std::optional<LayerSummary> MaskedConvOp::summary(const Network& network, int node) const {
  LayerSummary layer{.name = network.node(node).name,
                     .mask = name_of(mask.type),
                     .kernel = kernel_text(*this),
                     .output = network.shape(node, 1)};
  const auto filters = to_index(layer.output.c);
  const std::size_t live = live_weights(layer.output.c);
  layer.parameters = network.parameters[to_index(weight)].size + filters;
  layer.live_parameters = live + filters;
  layer.multiply_adds = std::uint64_t{live} * static_cast<std::uint64_t>(layer.output.h * layer.output.w);
  return layer;
}

}  // namespace pcnn

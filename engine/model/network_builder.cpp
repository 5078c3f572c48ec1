#include "engine/model/network_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "engine/core/error.h"
#include "engine/model/blocks.h"

namespace pcnn {

NetworkBuilder::NetworkBuilder(int image_channels, int image_height, int image_width, Activation activation,
                               float slope, int groups, const Condition& condition, double dropout)
    : activation_(activation), slope_(slope), dropout_(dropout) {
  network_.image_channels = image_channels;
  network_.image_height = image_height;
  network_.image_width = image_width;
  network_.groups = groups;
  network_.condition = condition;
  append({.name = "image", .op = ImageOp{}, .channels = image_channels});
  if (condition.maps > 0) append({.name = "given", .op = GivenMapsOp{}, .channels = condition.maps});
}

int NetworkBuilder::append(Node node) {
  sights_.push_back(sight_of(node, sights_));
  network_.nodes.push_back(std::move(node));
  return static_cast<int>(network_.nodes.size()) - 1;
}

int NetworkBuilder::append_parameter(Parameter parameter) {
  parameter.offset = network_.parameter_count();
  parameter.size = 1;
  for (const int extent : parameter.shape) parameter.size *= static_cast<std::size_t>(extent);
  network_.parameters.push_back(std::move(parameter));
  return static_cast<int>(network_.parameters.size()) - 1;
}

int NetworkBuilder::conv(const std::string& name, int src, Sight result, Kernel kernel, int filters,
                         Dilation dilation) {
  return masked_conv(name, src, mask_between(sight(src), result), kernel, filters, dilation);
}

int NetworkBuilder::masked_conv(const std::string& name, int src, MaskType mask, Kernel kernel, int filters,
                                Dilation dilation) {
  return append_conv(name, src, {mask, network_.groups}, kernel, filters, dilation);
}

int NetworkBuilder::append_conv(const std::string& name, int src, Mask mask, Kernel kernel, int filters,
                                Dilation dilation) {
  const int in = channels(src), taps = kernel.height * kernel.width;
  const int weight = append_parameter({.name = name + ".weight",
                                       .shape = {filters, in, kernel.height, kernel.width},
                                       .fan_in = in * taps,
                                       .fan_out = filters * taps,
                                       .is_kernel = true,
                                       .mask = mask});
  const int bias = append_parameter({.name = name + ".bias", .shape = {filters}});
  return append({.name = name,
                 .op = MaskedConvOp{.src = src,
                                    .mask = mask,
                                    .in_channels = in,
                                    .kernel_height = kernel.height,
                                    .kernel_width = kernel.width,
                                    .row_dilation = dilation.height,
                                    .column_dilation = dilation.width,
                                    .weight = weight,
                                    .bias = bias},
                 .channels = filters});
}

int NetworkBuilder::forecast(const std::string& name, Kernel kernel) {
  if (kernel.height < 3 || kernel.width < 3)
    throw std::invalid_argument(fmt::format("{}: a kernel of {}x{} reads no pixel above and to the left",
                                            name, kernel.height, kernel.width));
  constexpr int kImage = 0;
  const int node = append_conv(name, kImage, {MaskType::kA, 1}, kernel, network_.image_channels, {});
  auto& op = std::get<MaskedConvOp>(network_.nodes[to_index(node)].op);
  op.exact = true;
  for (const int parameter : {op.weight, op.bias})
    network_.parameters[to_index(parameter)].is_forecast = true;
  return node;
}

int NetworkBuilder::activate(int src) {
  const Node& source = network_.nodes[static_cast<std::size_t>(src)];
  return append({.name = source.name + ".activation",
                 .op = ActivationOp{.src = src, .function = activation_, .slope = slope_},
                 .channels = source.channels});
}

int NetworkBuilder::add(const std::string& name, int a, int b) {
  if (channels(a) != channels(b))
    throw std::invalid_argument(
        fmt::format("{}: {} maps cannot be added to {}", name, channels(b), channels(a)));
  return append({.name = name, .op = AddOp{.a = a, .b = b}, .channels = channels(a)});
}

int NetworkBuilder::concatenate(const std::string& name, int a, int b) {
  return append({.name = name, .op = ConcatenationOp{.a = a, .b = b}, .channels = channels(a) + channels(b)});
}

int NetworkBuilder::positions() {
  if (positions_ < 0)
    positions_ = append({.name = "positions", .op = PositionsOp{}, .channels = 2 * network_.groups});
  return positions_;
}

int NetworkBuilder::attention(const std::string& name, int query, int key, int value, int heads) {
  if (channels(query) != channels(key) || channels(key) % heads != 0 || channels(value) % heads != 0 ||
      heads % network_.groups != 0)
    throw std::invalid_argument(fmt::format("{}: {} heads of {} groups, of {}, {} and {} maps", name, heads,
                                            network_.groups, channels(query), channels(key),
                                            channels(value)));
  return append({.name = name,
                 .op = AttentionOp{.query = query, .key = key, .value = value, .heads = heads},
                 .channels = channels(value)});
}

int NetworkBuilder::gate(const std::string& name, int src) {
  return append({.name = name, .op = GateOp{.src = src}, .channels = channels(src) / 2});
}

int NetworkBuilder::lstm(const std::string& name, int src, LstmPath path, int state_count) {
  const int maps = channels(src) / 4;
  if (channels(src) != 4 * maps || maps % network_.groups != 0)
    throw std::invalid_argument(fmt::format("{}: {} maps make no four gates in {} channel groups", name,
                                            channels(src), network_.groups));
  if (path == LstmPath::kRows ? state_count % 2 == 0 || state_count > LstmOp::kMostStates : state_count != 2)
    throw std::invalid_argument(
        fmt::format("{}: {} states, accepted: an odd number up to {} along rows, else 2", name, state_count,
                    LstmOp::kMostStates));
  const int weight = append_parameter({.name = name + ".weight",
                                       .shape = {4 * maps, maps, 1, state_count},
                                       .fan_in = maps * state_count,
                                       .fan_out = 4 * maps * state_count,
                                       .is_kernel = true,
                                       .mask = {MaskType::kNone, network_.groups}});
  return append({.name = name,
                 .op = LstmOp{.src = src,
                              .path = path,
                              .state_count = state_count,
                              .weight = weight,
                              .down = path == LstmPath::kDiagonalBack ? 1 : 0},
                 .channels = maps});
}

int NetworkBuilder::embed(const std::string& name, int maps, int levels, float lowest, float highest) {
  const int all = network_.image_channels * maps;
  const int table = append_parameter({.name = name + ".weight", .shape = {levels, all}, .deviation = 1.0f});
  return append({.name = name,
                 .op = EmbeddingOp{.levels = levels, .lowest = lowest, .highest = highest, .table = table},
                 .channels = all});
}

int NetworkBuilder::condition(const std::string& name, int src) {
  const Condition& condition = network_.condition;
  if (!condition.any()) return src;
  if (condition.maps > 0)
    return add(name + ".sum", src,
               masked_conv(name, given_maps_node(network_), MaskType::kNone,
                           {condition.kernel_height, condition.kernel_width}, channels(src)));
  const auto [classes, vector] = std::pair(condition.classes, condition.vector);
  const int table =
      append_parameter({.name = name + ".weight", .shape = {std::max(classes, vector), channels(src)}});
  return append({.name = name,
                 .op = ConditionOp{.src = src, .classes = classes, .vector = vector, .table = table},
                 .channels = channels(src)});
}

int NetworkBuilder::dropout(int src) {
  if (dropout_ == 0.0) return src;
  const Node& source = network_.nodes[to_index(src)];
  return append({.name = source.name + ".dropout",
                 .op = DropoutOp{.src = src, .rate = dropout_},
                 .channels = source.channels});
}

int NetworkBuilder::channels(int node) const {
  return network_.nodes[static_cast<std::size_t>(node)].channels;
}

Network NetworkBuilder::finish(int logits) && {
  network_.logits = logits;
  return std::move(network_);
}

namespace {

// Where a config gives filters: ("model.input.filters", 128).
std::vector<std::pair<std::string, int>> filters_of(const ModelConfig& config) {
  std::vector<std::pair<std::string, int>> all{{"model.input.filters", config.input_filters}};
  for (std::size_t i = 0; i < config.blocks.size(); ++i)
    std::visit(
        [&](const auto& block) {
          if constexpr (requires { block.filters; })
            all.emplace_back(fmt::format("model.blocks.{}.filters", i), block.filters);
          if constexpr (requires { block.reduce; })
            if (block.reduce > 0) all.emplace_back(fmt::format("model.blocks.{}.reduce", i), block.reduce);
        },
        config.blocks[i].block);
  for (std::size_t i = 0; i < config.output_filters.size(); ++i)
    all.emplace_back(fmt::format("model.output.filters.{}", i), config.output_filters[i]);
  return all;
}

// What the output's layers read: blocks keep the width of what they read, but for plain convolutions.
int maps_of_last_block(const ModelConfig& config) {
  int maps = config.input_filters;
  for (const BlockConfig& block : config.blocks)
    if (const auto* conv = std::get_if<MaskedConvBlockConfig>(&block.block); conv && block.repeat > 0)
      maps = conv->filters;
  return maps;
}

}  // namespace

Network build_network(const ModelConfig& config, int image_channels, int image_height, int image_width) {
  const std::unique_ptr<const OutputHead> head = make_output_head(config.head, image_channels);
  const int groups = head->channel_groups();
  for (const auto& [key, filters] : filters_of(config))
    if (filters % groups != 0)
      throw ConfigError(fmt::format(
          "{}: {} filters, accepted: multiples of {}, since images of {} channels split the maps of "
          "every layer into {} equal groups",
          key, filters, groups, image_channels, groups));

  for (std::size_t i = 0; i < config.blocks.size(); ++i)
    if (const auto* block = std::get_if<AttentionBlockConfig>(&config.blocks[i].block);
        block && block->heads % groups != 0)
      throw ConfigError(fmt::format(
          "model.blocks.{}.heads: {} heads, accepted: multiples of {}, since images of {} channels split the "
          "maps of every layer into {} equal groups, and a head belongs to one",
          i, block->heads, groups, image_channels, groups));

  NetworkBuilder builder(image_channels, image_height, image_width, config.activation, config.slope, groups,
                         config.condition, config.dropout);
  const auto is_gated = [](const BlockConfig& block) {
    return block.repeat > 0 && std::holds_alternative<GatedBlockConfig>(block.block);
  };
  Features features{.skip_maps = maps_of_last_block(config)};
  if (config.input_embedding > 0)
    features.image = builder.embed("input.embedding", config.input_embedding, head->levels(), head->value(0),
                                   head->value(head->levels() - 1));
  if (std::ranges::any_of(config.blocks, is_gated))
    features.rows_above = builder.conv("input_above", features.image, Sight::kAbove, config.input_kernel,
                                       (config.input_activation ? 2 : 1) * config.input_filters);
  features.rows_above_gated = config.input_activation;
  features.node =
      builder.masked_conv("input", features.image, MaskType::kA, config.input_kernel, config.input_filters);
  if (config.input_activation) features.node = builder.activate(features.node);

  int index = 0;
  bool ends_in_sum = false;  // that nothing bends before the output's layers
  for (const BlockConfig& block : config.blocks)
    for (int i = 0; i < block.repeat; ++i) {
      features = append_block(builder, "blocks." + std::to_string(index++), features, block);
      ends_in_sum = !std::holds_alternative<ResidualBlockConfig>(block.block) &&
                    !std::holds_alternative<MaskedConvBlockConfig>(block.block);
    }
  int node = features.node;
  if (features.skips >= 0) node = builder.add("skips", node, features.skips);
  if (ends_in_sum || features.skips >= 0) node = builder.activate(node);

  for (std::size_t i = 0; i < config.output_filters.size(); ++i) {
    node = builder.masked_conv("output." + std::to_string(i), node, MaskType::kB, {1, 1},
                               config.output_filters[i]);
    node = builder.activate(node);
  }
  node = builder.masked_conv("logits", node, MaskType::kB, {1, 1},
                             head->logit_channels() - head->forecast_channels());
  if (head->forecast_channels() > 0)
    node = builder.concatenate("logits.and_forecast", node,
                               builder.forecast("forecast", config.forecast_kernel));
  if (builder.sight(node) > Sight::kBefore)
    throw std::logic_error("the logits of this network see the pixel they are to predict");
  return std::move(builder).finish(node);
}

}  // namespace pcnn

#include "engine/model/ops/lstm.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/core/index.h"
#include "engine/model/network.h"

namespace pcnn {

std::vector<Tap> LstmOp::states() const {
  if (path != LstmPath::kRows)
    return {{.down = 0, .right = path == LstmPath::kDiagonal ? -1 : 1, .groups = GroupsRead::kAll},
            {.down = -1, .right = 0, .groups = GroupsRead::kAll}};
  std::vector<Tap> taps;
  for (int state = 0; state < state_count; ++state)
    taps.push_back({.down = -1, .right = state - state_count / 2, .groups = GroupsRead::kAll});
  return taps;
}

Tap LstmOp::cell_before() const {
  switch (path) {
    case LstmPath::kRows:
      return {.down = -1, .right = 0};
    case LstmPath::kDiagonal:
      return {.down = 0, .right = -1};
    case LstmPath::kDiagonalBack:
      break;
  }
  return {.down = 0, .right = 1};
}

std::vector<ParameterScale> LstmOp::parameters(int channels) const {
  return {{weight, 1.0 / std::sqrt(channels * state_count)}};
}

std::string LstmOp::title() const {
  switch (path) {
    case LstmPath::kRows:
      return fmt::format("row LSTM, states of {} columns", state_count);
    case LstmPath::kDiagonal:
      return "diagonal LSTM, left to right";
    case LstmPath::kDiagonalBack:
      break;
  }
  return down > 0 ? "diagonal LSTM, right to left, moved down a row" : "diagonal LSTM, right to left";
}

std::string LstmOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("{} of {}", title(), inputs[0]);
}

std::optional<LayerSummary> LstmOp::summary(const Network& network, int node) const {
  LayerSummary layer{.name = network.node(node).name,
                     .kernel = path == LstmPath::kRows ? fmt::format("1x{}", state_count) : "2x1",
                     .output = network.shape(node, 1)};
  layer.parameters = layer.live_parameters = network.parameters[to_index(weight)].size;
  layer.multiply_adds =
      std::uint64_t{layer.parameters} * static_cast<std::uint64_t>(layer.output.h * layer.output.w);
  return layer;
}

}  // namespace pcnn

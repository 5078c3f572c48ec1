#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// dst[channel * n + i](y, x) = table[level of the image there][channel * n + i], i < n: a learnt vector for
// each level of each channel, for levels that are names and not amounts.
struct EmbeddingOp {
  int src = 0;  // the image
  int levels = 2;
  float lowest =
      0.0f;  // the values of the first and the last level as fed to the network, others evenly between
  float highest = 1.0f;
  int table = 0;  // index into Network::parameters, [level][map]

  // The nearest one; the first of what is not a number.
  [[nodiscard]] int level(float value) const;

  [[nodiscard]] std::vector<Reads> reads() const { return {reads_pixel(src)}; }
  void renumber(std::span<const int> nodes) { src = nodes[to_index(src)]; }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {{table, 1.0}}; }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "embedding"; }
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network& network, int node) const;
};

}  // namespace pcnn

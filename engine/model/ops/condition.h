#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// dst[o](y, x) = src[o](y, x) + table[class of the image][o]: a vector per class, added at every pixel.
struct ConditionOp {
  int src = 0;
  int classes = 1;
  int table = 0;  // index into Network::parameters, [class][map]

  [[nodiscard]] std::vector<Reads> reads() const { return {reads_pixel(src)}; }
  void renumber(std::span<const int> nodes) { src = nodes[to_index(src)]; }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {{table, 0.3}}; }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "condition"; }
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network& network, int node) const;
};

}  // namespace pcnn

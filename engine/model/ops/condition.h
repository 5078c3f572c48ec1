#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// dst[o](y, x) = src[o](y, x) + v[o]: a vector that is added at every pixel. Of the image's class, of which
// there is one each; or made from the numbers that are given of the image:
//
//     v[o] = table[class][o]        v[o] = sum over k of number[k] * table[k][o]
struct ConditionOp {
  int src = 0;
  int classes = 0;  // one of the two
  int vector = 0;   // numbers
  int table = 0;    // index into Network::parameters, [class][map] or [number][map]

  [[nodiscard]] std::vector<Reads> reads() const { return {reads_pixel(src)}; }
  void renumber(std::span<const int> nodes) { src = nodes[to_index(src)]; }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const {
    return {{table, 0.3 / std::sqrt(std::max(1, vector))}};
  }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "condition"; }
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network& network, int node) const;
};

}  // namespace pcnn

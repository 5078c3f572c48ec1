#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// dst = a + b, both of the same shape.
struct AddOp {
  int a = 0;
  int b = 0;

  [[nodiscard]] std::vector<Reads> reads() const { return {reads_pixel(a), reads_pixel(b)}; }
  void renumber(std::span<const int> nodes) {
    a = nodes[to_index(a)];
    b = nodes[to_index(b)];
  }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {}; }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 2; }
  [[nodiscard]] std::string title() const { return "addition"; }
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network& network, int node) const;
};

}  // namespace pcnn

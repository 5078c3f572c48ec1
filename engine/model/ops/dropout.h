#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// In training dst = src / (1 - rate) where a value is kept, 0 where it is dropped, with probability `rate`,
// each value for itself. Elsewhere dst = src. Source: Srivastava et al., "Dropout: A Simple Way to Prevent
// Neural Networks from Overfitting", JMLR 2014.
struct DropoutOp {
  int src = 0;
  double rate = 0.0;  // in [0, 1)

  [[nodiscard]] std::vector<Reads> reads() const { return {reads_pixel(src)}; }
  void renumber(std::span<const int> nodes) { src = nodes[to_index(src)]; }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {}; }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "dropout"; }
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network&, int) const { return std::nullopt; }
};

}  // namespace pcnn

#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// dst = tanh(a) * sigmoid(b), a and b the first and the second half of the source's maps, in each channel
// group on its own. Source: van den Oord et al., "Conditional Image Generation with PixelCNN Decoders",
// NeurIPS 2016, equation 2.
struct GateOp {
  int src = 0;

  [[nodiscard]] std::vector<Reads> reads() const { return {reads_pixel(src)}; }
  void renumber(std::span<const int> nodes) { src = nodes[to_index(src)]; }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {}; }
  // Of inputs of the order of one a gate leaves a third.
  [[nodiscard]] double input_gain() const { return 2.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "gate"; }
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network&, int) const { return std::nullopt; }
};

}  // namespace pcnn

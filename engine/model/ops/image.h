#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// The image itself, scaled as the output head says.
struct ImageOp {
  [[nodiscard]] std::vector<Reads> reads() const { return {}; }
  void renumber(std::span<const int>) {}
  [[nodiscard]] Sight own_sight() const { return Sight::kItself; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {}; }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "image"; }
  [[nodiscard]] std::string formula(std::span<const std::string>) const { return "the image"; }
  [[nodiscard]] std::optional<LayerSummary> summary(const Network&, int) const { return std::nullopt; }
};

}  // namespace pcnn

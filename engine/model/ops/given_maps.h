#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/model/ops/answers.h"

namespace pcnn {

// The maps that are known of an image beside its pixels; the caller gives them. Their number need not be one
// that channel groups share out.
struct GivenMapsOp {
  [[nodiscard]] std::vector<Reads> reads() const { return {}; }
  void renumber(std::span<const int>) {}
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {}; }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "given maps"; }
  [[nodiscard]] std::string formula(std::span<const std::string>) const { return "given maps"; }
  [[nodiscard]] std::optional<LayerSummary> summary(const Network&, int) const { return std::nullopt; }
};

}  // namespace pcnn

#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// Where a pixel is: in each channel group a map of rows, then one of columns, each from -0.5 at the first to
// 0.5 at the last, and 0 where there is one alone.
struct PositionsOp {
  // Of row or column `index` of `count`.
  [[nodiscard]] static float place(int index, int count) {
    return count > 1 ? static_cast<float>(index) / static_cast<float>(count - 1) - 0.5f : 0.0f;
  }

  [[nodiscard]] std::vector<Reads> reads() const { return {}; }
  void renumber(std::span<const int>) {}
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {}; }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "positions"; }
  [[nodiscard]] std::string formula(std::span<const std::string>) const { return "row and column"; }
  [[nodiscard]] std::optional<LayerSummary> summary(const Network&, int) const { return std::nullopt; }
};

}  // namespace pcnn

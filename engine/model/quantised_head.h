#pragma once

#include <algorithm>

#include "engine/data/levels.h"
#include "engine/model/output_head.h"

namespace pcnn {

// What heads over levels have in common: values as engine/data/levels.h feeds them, and a probability for
// each.
class QuantisedHead : public OutputHead {
 public:
  [[nodiscard]] int levels() const final { return levels_; }
  [[nodiscard]] float value(int level) const final { return level_to_input(level, levels_); }
  [[nodiscard]] int level(float value) const final {
    return std::clamp(input_to_level(value, levels_), 0, levels_ - 1);
  }
  [[nodiscard]] int probability_count() const final { return levels_; }

 protected:
  QuantisedHead(int levels, int image_channels) : levels_(levels), channels_(image_channels) {}

  // One number for each level, probabilities or what grows with them: leaves 1 at the first of the largest,
  // and 0 elsewhere.
  static void keep_mode(std::span<float> levels) {
    const auto mode = std::ranges::max_element(levels);
    std::ranges::fill(levels, 0.0f);
    *mode = 1.0f;
  }

  int levels_;
  int channels_;
};

}  // namespace pcnn

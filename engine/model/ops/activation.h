#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// Elementwise functions whose derivative can be computed from their output alone, so the input need not be
// kept.
enum class Activation { kRelu, kLeakyRelu, kElu, kTanh, kSigmoid };

// dst = f(src); slope is leaky ReLU's factor below zero, or ELU's alpha.
struct ActivationOp {
  int src = 0;
  Activation function = Activation::kRelu;
  float slope = 0.0f;

  [[nodiscard]] std::vector<Reads> reads() const { return {reads_pixel(src)}; }
  void renumber(std::span<const int> nodes) { src = nodes[to_index(src)]; }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {}; }
  // The factor on its input that keeps the variance of a signal that is cut, bent or flattened, roughly.
  [[nodiscard]] double input_gain() const;
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "activation"; }
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network&, int) const { return std::nullopt; }
};

}  // namespace pcnn

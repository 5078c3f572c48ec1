#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// dst[o](y, x) = bias[o] + sum over live weights of weight[o][i][row][column] * src[i](y + row - kh/2, x +
// column - kw/2); outside the image src is zero.
struct MaskedConvOp {
  int src = 0;
  Mask mask;
  int in_channels = 1;
  int kernel_height = 1;
  int kernel_width = 1;
  int weight = 0;  // index into Network::parameters, OIHW
  int bias = 0;    // index into Network::parameters, O

  // In raster order: what packs a kernel's weights and what runs over them both follow it.
  [[nodiscard]] std::vector<Tap> taps() const { return live_taps(mask, kernel_height, kernel_width); }
  // Of a kernel to this many maps.
  [[nodiscard]] std::size_t live_weights(int filters) const;

  [[nodiscard]] std::vector<Reads> reads() const;
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int channels) const;
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const;
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network& network, int node) const;
};

}  // namespace pcnn

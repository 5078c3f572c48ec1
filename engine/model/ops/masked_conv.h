#pragma once

#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// dst[o](y, x) = bias[o] + sum over live weights of weight[o][i][row][column] * src[i](y + (row - kh/2) * dh,
// x + (column - kw/2) * dw), dh and dw the dilation; outside the image src is zero.
struct MaskedConvOp {
  int src = 0;
  Mask mask;
  int in_channels = 1;
  int kernel_height = 1;
  int kernel_width = 1;
  int row_dilation = 1;  // pixels from one row of the kernel to the next
  int column_dilation = 1;
  int weight = 0;  // index into Network::parameters, OIHW
  int bias = 0;    // index into Network::parameters, O
  // Computed and held in f32 whatever the precision of all else: of the image, to maps in the image's own
  // units.
  bool exact = false;

  // In raster order: what packs a kernel's weights and what runs over them both follow it.
  [[nodiscard]] std::vector<Tap> taps() const;
  // Of the kernel, where one of these taps has its weights.
  [[nodiscard]] int kernel_row(const Tap& tap) const { return tap.down / row_dilation + kernel_height / 2; }
  [[nodiscard]] int kernel_column(const Tap& tap) const {
    return tap.right / column_dilation + kernel_width / 2;
  }
  // Of a kernel to this many maps.
  [[nodiscard]] std::size_t live_weights(int filters) const;

  [[nodiscard]] std::vector<Reads> reads() const;
  void renumber(std::span<const int> nodes) { src = nodes[to_index(src)]; }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int channels) const;
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const;
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network& network, int node) const;
};

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/model/ops/answers.h"

namespace pcnn {

// Each head looks at all pixels j that come before pixel i in raster order:
//
//     dst_i = sum over j < i of p_ij value_j      p_ij = softmax over j of query_i . key_j / sqrt(key maps)
//
// and is 0 at the first pixel. Maps lie head by head, those of a channel group side by side as everywhere: a
// head belongs to one group, and reads its keys and values in that group alone. Computed in f32 in every
// precision. Sources: Vaswani et al., "Attention Is All You Need", NeurIPS 2017 (heads, scale); Chen, Mishra,
// Rohaninejad, Abbeel, "PixelSNAIL: An Improved Autoregressive Generative Model", ICML 2018 (of pixels, in
// raster order).
struct AttentionOp {
  int query = 0;
  int key = 0;  // as many maps as the query
  int value = 0;
  int heads = 1;  // a multiple of the channel groups; divides the maps of all three

  [[nodiscard]] std::vector<Reads> reads() const {
    return {reads_pixel(query), reads_all_earlier(key, GroupsRead::kOwn),
            reads_all_earlier(value, GroupsRead::kOwn)};
  }
  void renumber(std::span<const int> nodes) {
    query = nodes[to_index(query)];
    key = nodes[to_index(key)];
    value = nodes[to_index(value)];
  }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return {}; }
  [[nodiscard]] std::vector<ParameterScale> parameters(int) const { return {}; }
  [[nodiscard]] double input_gain() const { return 1.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const { return "attention"; }
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network& network, int node) const;

  // Pairs of a pixel and one before it, in an image of so many pixels.
  [[nodiscard]] static std::uint64_t pairs(std::uint64_t pixels) { return pixels * (pixels - 1) / 2; }
};

}  // namespace pcnn

#include "engine/model/ops/embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/model/summary.h"

namespace pcnn {

int EmbeddingOp::level(float value) const {
  const auto last = static_cast<float>(levels - 1);
  const float place = std::round((value - lowest) / (highest - lowest) * last);
  return place > 0.0f ? static_cast<int>(std::min(place, last)) : 0;  // false for NaN
}

std::string EmbeddingOp::formula(std::span<const std::string> inputs) const {
  return fmt::format("table[level of {}]", inputs[0]);
}

std::optional<LayerSummary> EmbeddingOp::summary(const Network& network, int node) const {
  return summarise_table(network, node, table);
}

}  // namespace pcnn

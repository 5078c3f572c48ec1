#include "engine/model/softmax_head.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "engine/core/simd.h"
#include "engine/model/value_counts.h"

namespace pcnn {
namespace {

using Lanes = Simd<4>;
using Vector = Lanes::Vector;

// Pixels taken together: their maxima and sums stay in registers' reach while all levels pass by.
constexpr std::size_t kBlock = 64, kVectors = kBlock / 4;
using Block = std::array<Vector, kVectors>;
// Levels summed in one go: a sum of 65,536 alike in f32 would be wrong by a thousandth.
constexpr std::size_t kSummed = 1024;

// Up to kBlock pixels of one logit map; the places past `count` are zero.
Block load_block(const float* map, std::size_t count) {
  Block block{};
  std::memcpy(block.data(), map, count * sizeof(float));
  return block;
}

}  // namespace

// -log p = log(sum over k of exp(z_k - max)) + max - z_target; its derivative is p - 1 at the target, else p.
double SoftmaxHead::compute_nats(std::span<const float> logits, std::span<const float> targets,
                                 std::span<float> diff_logits, std::span<float> pixel_nats) const {
  const std::size_t levels = static_cast<std::size_t>(levels_),
                    area = targets.size() / static_cast<std::size_t>(channels_);
  double total = 0.0;
  for (std::size_t channel = 0; channel < static_cast<std::size_t>(channels_); ++channel)
    for (std::size_t first = 0; first < area; first += kBlock) {
      const std::size_t count = std::min(kBlock, area - first), maps = channel * levels * area + first;
      const float* z = logits.data() + maps;  // of level 0; the next level's are `area` further on
      Block top = load_block(z, count);
      for (std::size_t level = 1; level < levels; ++level) {
        const Block row = load_block(z + level * area, count);
        for (std::size_t i = 0; i < kVectors; ++i) top[i] = Lanes::larger(top[i], row[i]);
      }
      Block sum{}, part{};
      float* diff = diff_logits.empty() ? nullptr : diff_logits.data() + maps;
      for (std::size_t level = 0; level < levels; ++level) {
        Block row = load_block(z + level * area, count);
        for (std::size_t i = 0; i < kVectors; ++i) {
          row[i] = Lanes::exponential(row[i] - top[i]);
          part[i] += row[i];
        }
        if ((level + 1) % kSummed == 0 || level + 1 == levels) {
          for (std::size_t i = 0; i < kVectors; ++i) sum[i] += part[i];
          part = {};
        }
        if (diff) std::memcpy(diff + level * area, row.data(), count * sizeof(float));
      }
      for (std::size_t i = 0; i < count; ++i) {
        const auto target = static_cast<std::size_t>(level(targets[channel * area + first + i]));
        const double nats =
            std::log(double{sum[i / 4][i % 4]}) + double{top[i / 4][i % 4]} - double{z[target * area + i]};
        total += nats;
        if (!pixel_nats.empty()) pixel_nats[first + i] += static_cast<float>(nats);
      }
      if (!diff) continue;
      for (std::size_t i = 0; i < kVectors; ++i) sum[i] = 1.0f / sum[i];
      for (std::size_t level = 0; level < levels; ++level) {
        Block row = load_block(diff + level * area, count);
        for (std::size_t i = 0; i < kVectors; ++i) row[i] *= sum[i];
        std::memcpy(diff + level * area, row.data(), count * sizeof(float));
      }
      for (std::size_t i = 0; i < count; ++i) {
        const auto target = static_cast<std::size_t>(level(targets[channel * area + first + i]));
        diff[target * area + i] -= 1.0f;
      }
    }
  return total;
}

std::vector<float> SoftmaxHead::first_logits(std::span<const ValueCounts> channels) const {
  std::vector<float> logits;
  for (const ValueCounts& counts : channels)
    for (int level = 0; level < levels_; ++level)
      logits.push_back(static_cast<float>(std::log(counts.share_of_level(value(level), levels_))));
  return logits;
}

void SoftmaxHead::probabilities(const Conditional& dimension, float temperature,
                                std::span<float> probabilities) const {
  const auto levels = static_cast<std::size_t>(levels_);
  const auto logits = dimension.logits.subspan(static_cast<std::size_t>(dimension.channel) * levels, levels);
  if (temperature < kLeastTemperature) {
    std::ranges::copy(logits, probabilities.begin());
    return keep_mode(probabilities);
  }
  const float top = *std::ranges::max_element(logits);
  double sum = 0.0;
  for (std::size_t level = 0; level < levels; level += 4) {
    const std::size_t bytes = std::min<std::size_t>(4, levels - level) * sizeof(float);
    Vector row{};
    std::memcpy(&row, logits.data() + level, bytes);
    row = Lanes::exponential((row - top) / temperature);
    std::memcpy(probabilities.data() + level, &row, bytes);
    for (std::size_t i = 0; i < bytes / sizeof(float); ++i) sum += row[i];
  }
  for (float& probability : probabilities) probability = static_cast<float>(probability / sum);
}

}  // namespace pcnn

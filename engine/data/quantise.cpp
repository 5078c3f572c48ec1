#include "engine/data/quantise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

#include "engine/data/levels.h"

namespace pcnn {

Quantiser::Quantiser(int levels, int values) : levels_(levels) {
  assert(levels >= 2 && levels <= kMaxLevels && values >= 1 && values <= kMaxLevels);
  for (std::int64_t value = 0; value < values; ++value)
    inputs_.push_back(level_to_input(static_cast<int>(value * levels / values), levels));
}

void Quantiser::encode(const ImageSet& images, int image, int, std::span<float> dst) const {
  encode_for_evaluation(images, image, dst);
}

void Quantiser::encode_for_evaluation(const ImageSet& images, int image, std::span<float> dst) const {
  assert(static_cast<std::size_t>(images.values) == inputs_.size());
  const std::span<const std::uint16_t> values = images.image(image);
  for (std::size_t i = 0; i < values.size(); ++i) dst[i] = inputs_[values[i]];
}

std::string Quantiser::describe() const {
  if (static_cast<std::size_t>(levels_) == inputs_.size()) return fmt::format("{} levels", levels_);
  return fmt::format("{} levels: floor(value * {} / {})", levels_, levels_, inputs_.size());
}

std::uint8_t level_to_pixel(int level, int levels) {
  assert(levels >= 2 && level >= 0 && level < levels);
  const float white = static_cast<float>(levels - 1);
  const auto nearest = static_cast<int>(std::lround(255.0f * static_cast<float>(level) / white));
  if (levels > 256) return static_cast<std::uint8_t>(nearest);
  const auto first_of = [levels](int of) { return (of * 256 + levels - 1) / levels; };
  return static_cast<std::uint8_t>(std::clamp(nearest, first_of(level), first_of(level + 1) - 1));
}

}  // namespace pcnn

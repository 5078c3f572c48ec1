#include "engine/data/binarise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "engine/core/random.h"

namespace pcnn {
namespace {

// value / 255 >= threshold, decided in double for each of the 256 values: 0.5 starts at 128.
int smallest_at_or_above(double threshold) {
  int value = 0;
  while (value < 256 && value / 255.0 < threshold) ++value;
  return value;
}

}  // namespace

Binariser::Binariser(const BinarisationConfig& config)
    : config_(config), smallest_one_(smallest_at_or_above(config.threshold)) {}

// Round 0 is the fixed draw; epoch e of training with fresh draws is round e + 1.
void Binariser::encode(const ImageSet& images, int image, int epoch, std::span<float> dst) const {
  const bool fresh = config_.kind == BinarisationKind::kBernoulliPerEpoch;
  draw(images, image, fresh ? static_cast<std::uint32_t>(epoch) + 1 : 0, dst);
}

void Binariser::encode_for_evaluation(const ImageSet& images, int image, std::span<float> dst) const {
  draw(images, image, 0, dst);
}

void Binariser::draw(const ImageSet& images, int image, std::uint32_t round, std::span<float> dst) const {
  assert(images.values == (config_.kind == BinarisationKind::kStored ? 2 : 256));
  const std::span<const std::uint16_t> values = images.image(image);
  if (config_.kind == BinarisationKind::kStored) {
    std::ranges::copy(values, dst.begin());
    return;
  }
  if (config_.kind == BinarisationKind::kThreshold) {
    for (std::size_t i = 0; i < values.size(); ++i) dst[i] = values[i] >= smallest_one_ ? 1.0f : 0.0f;
    return;
  }
  const RandomStream stream(config_.seed, Stream::kBinarisation);
  const std::uint32_t id = images.ids[static_cast<std::size_t>(image)];
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float probability = static_cast<float>(values[i]) / 255.0f;
    dst[i] = stream.uniform(id, static_cast<std::uint32_t>(i), round) < probability ? 1.0f : 0.0f;
  }
}

std::string Binariser::describe() const {
  switch (config_.kind) {
    case BinarisationKind::kThreshold:
      return fmt::format("threshold: value / 255 >= {}", config_.threshold);
    case BinarisationKind::kBernoulliFixed:
      return fmt::format("Bernoulli, drawn once with seed {}", config_.seed);
    case BinarisationKind::kStored:
      return "binary as stored";
    case BinarisationKind::kBernoulliPerEpoch:
      break;
  }
  return fmt::format("Bernoulli, drawn anew in each epoch of training and once for scores, with seed {}",
                     config_.seed);
}

}  // namespace pcnn

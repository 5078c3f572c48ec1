#include "engine/data/colour.h"

#include <cassert>

#include "engine/core/random.h"

namespace pcnn {
namespace {

std::array<std::uint8_t, 3> low_bytes(std::uint32_t bits) {
  return {static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8),
          static_cast<std::uint8_t>(bits >> 16)};
}

// At least 0.5 * 255, in whole numbers.
bool are_far_apart(const ColourPair& pair) {
  int squared = 0;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const int difference = pair.foreground[channel] - pair.background[channel];
    squared += difference * difference;
  }
  return 4 * squared >= 255 * 255;
}

}  // namespace

ColourPair colours_of(std::uint32_t id, std::uint64_t seed) {
  const RandomStream stream(seed, Stream::kColour);
  for (std::uint32_t attempt = 0;; ++attempt) {
    const PhiloxBlock bits = stream.bits(id, attempt);
    const ColourPair pair{low_bytes(bits[0]), low_bytes(bits[1])};
    if (are_far_apart(pair)) return pair;
  }
}

ImageSet coloured(const ImageSet& grey, std::uint64_t seed) {
  assert(grey.channels == 1 && grey.values == 256);
  ImageSet images{.name = grey.name,
                  .count = grey.count,
                  .channels = 3,
                  .height = grey.height,
                  .width = grey.width,
                  .values = grey.values,
                  .pixels = {},
                  .ids = grey.ids,
                  .files = grey.files,
                  .labels = grey.labels,
                  .label_names = grey.label_names,
                  .conditions = grey.conditions,
                  .condition_shape = grey.condition_shape,
                  .passed_over = grey.passed_over,
                  .origin = grey.origin};
  images.pixels.reserve(3 * grey.pixels.size());
  for (int image = 0; image < grey.count; ++image) {
    const ColourPair pair = colours_of(grey.ids[static_cast<std::size_t>(image)], seed);
    for (std::size_t channel = 0; channel < 3; ++channel)
      for (const int value : grey.image(image)) {
        const int scaled = pair.background[channel] * (255 - value) + pair.foreground[channel] * value;
        images.pixels.push_back(static_cast<std::uint16_t>((scaled + 127) / 255));  // 255 is odd: no ties
      }
  }
  return images;
}

}  // namespace pcnn

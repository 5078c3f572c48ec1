#pragma once

// Coloured images made from grey ones, for data of three channels whose structure is known.
//
// Each image gets a background and a foreground colour. Attempt t of image id draws the four 32-bit numbers
// of (seed, Stream::kColour) at the counter (id, t): bytes 0, 1 and 2 of the first, from the lowest, are the
// background's red, green and blue, those of the second the foreground's. The first attempt whose two colours
// are at least 0.5 * 255 apart in Euclidean distance is taken, so that every image can be seen. Each channel
// of a pixel is then
//
//   round(background + (foreground - background) * value / 255)

#include <array>
#include <cstdint>

#include "engine/data/image_set.h"

namespace pcnn {

struct ColourPair {
  std::array<std::uint8_t, 3> background, foreground;  // red, green, blue
  friend bool operator==(const ColourPair&, const ColourPair&) = default;
};

// A pure function of seed and id.
[[nodiscard]] ColourPair colours_of(std::uint32_t id, std::uint64_t seed);

// grey: one channel of 256 values. The colours follow each image's id, so they do not depend on the split.
[[nodiscard]] ImageSet coloured(const ImageSet& grey, std::uint64_t seed);

}  // namespace pcnn

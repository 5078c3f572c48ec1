#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/pixel_coding.h"

namespace pcnn {

// Levels from -1 to 1 (level_to_input): level = floor(value * levels / values). With levels == values every
// value is its own level; with fewer, neighbours share one; with more, some levels never occur.
class Quantiser final : public PixelCoding {
 public:
  // levels: 2 to kMaxLevels. values: those of the sets to come.
  explicit Quantiser(int levels, int values = 256);

  void encode(const ImageSet& images, int image, int epoch, std::span<float> dst) const override;
  void encode_for_evaluation(const ImageSet& images, int image, std::span<float> dst) const override;

  // "256 levels", or where it changes values "4 levels: floor(value * 4 / 256)".
  [[nodiscard]] std::string describe() const override;

 private:
  int levels_;
  std::vector<float> inputs_;  // of each value
};

// The 8-bit pixel that shows a level, the lowest black and the highest white: of those that Quantiser(levels)
// makes this level of again, the one nearest to even steps. Of more than 256 levels, the nearest; these do
// not come back.
[[nodiscard]] std::uint8_t level_to_pixel(int level, int levels);

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/data/pixel_coding.h"

namespace pcnn {

enum class BinarisationKind {
  kThreshold,          // 1 where value / 255 >= threshold
  kBernoulliFixed,     // 1 with probability value / 255, drawn once
  kBernoulliPerEpoch,  // the same, drawn anew in every epoch of training
  kStored,             // the values are 0 and 1 already
};

struct BinarisationConfig {
  BinarisationKind kind = BinarisationKind::kThreshold;
  double threshold = 0.5;
  std::uint64_t seed = 1;
  friend bool operator==(const BinarisationConfig&, const BinarisationConfig&) = default;
};

// Turns 8-bit values into 0 or 1; with kStored, hands on sets of two values. Every bit is a pure function of
// (config, image id, position, epoch).
class Binariser final : public PixelCoding {
 public:
  explicit Binariser(const BinarisationConfig& config);

  void encode(const ImageSet& images, int image, int epoch, std::span<float> dst) const override;
  // kBernoulliPerEpoch uses the fixed draw, so that scores can be compared.
  void encode_for_evaluation(const ImageSet& images, int image, std::span<float> dst) const override;

  // "threshold: value / 255 >= 0.5"
  [[nodiscard]] std::string describe() const override;

 private:
  void draw(const ImageSet& images, int image, std::uint32_t round, std::span<float> dst) const;

  BinarisationConfig config_;
  int smallest_one_;  // the smallest value that the threshold turns into 1
};

}  // namespace pcnn

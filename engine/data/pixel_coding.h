#pragma once

#include <memory>
#include <span>
#include <string>

#include "engine/data/image_set.h"

namespace pcnn {

struct DataConfig;

// What stored values become before a network sees them. Immutable and safe to share between threads.
class PixelCoding {
 public:
  virtual ~PixelCoding() = default;

  // dst, CHW: the image as training sees it in this epoch.
  virtual void encode(const ImageSet& images, int image, int epoch, std::span<float> dst) const = 0;
  // The image as scores see it: the same in every epoch, so that scores can be compared.
  virtual void encode_for_evaluation(const ImageSet& images, int image, std::span<float> dst) const = 0;

  // For results: scores of two codings are never comparable.
  [[nodiscard]] virtual std::string describe() const = 0;
};

// The coding for sets that load_dataset returns for this config: levels where it asks for them, else bits.
[[nodiscard]] std::unique_ptr<const PixelCoding> make_pixel_coding(const DataConfig& config);

}  // namespace pcnn

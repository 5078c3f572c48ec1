#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/data/image_source.h"
#include "engine/io/image.h"

namespace pcnn {

// Folders train and test of PNG files, read in the order of their names (by bytes), as read_png_as_stored
// reads them: all grey or all RGB and of one size. Files without .png at the end, in small or capital
// letters, are left out.
class PngSource final : public ImageSource {
 public:
  explicit PngSource(std::string directory) : directory_(std::move(directory)) {}

  [[nodiscard]] std::string title() const override;
  [[nodiscard]] ImageSet read(Part part) const override;
  // Of the first test image.
  [[nodiscard]] Shape shape() const override;
  [[nodiscard]] std::uint64_t shape_at() const override;

 private:
  [[nodiscard]] std::string folder(Part part) const;

  std::string directory_;
};

// Pixel by pixel in a picture, plane by plane in a set.
void append_planes(const Image8& image, std::vector<std::uint16_t>& pixels);

}  // namespace pcnn

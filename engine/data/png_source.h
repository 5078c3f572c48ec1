#pragma once

#include <string>
#include <utility>

#include "engine/data/image_source.h"

namespace pcnn {

// Folders train and test of PNG files, read in the order of their names (by bytes), as read_png reads them:
// all grey or all RGB and of one size. Files without .png at the end, in small or capital letters, are left
// out.
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

}  // namespace pcnn

#pragma once

#include <string>
#include <utility>

#include "engine/data/image_source.h"
#include "engine/data/png_folder.h"

namespace pcnn {

// Folders train and test of PNG files, or one folder of them, which has no test part: each as list_png_folder
// takes it. `files` are relative to the directory. The classes are those of both folders together, so that a
// label means the same in each.
class PngSource final : public ImageSource {
 public:
  explicit PngSource(std::string directory) : directory_(std::move(directory)) {}

  [[nodiscard]] std::string title() const override;
  [[nodiscard]] bool has_test() const override;
  [[nodiscard]] ImageSet read(Part part) const override;
  // Of the first image.
  [[nodiscard]] Shape shape() const override;
  [[nodiscard]] std::uint64_t shape_at() const override;

 private:
  // Whether the directory has folders for its parts.
  [[nodiscard]] bool has_parts() const;
  [[nodiscard]] PngFolder list(Part part) const;

  std::string directory_;
};

}  // namespace pcnn

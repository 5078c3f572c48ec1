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
  // with_labels: a folder without class folders is refused.
  explicit PngSource(std::string directory, bool with_labels = false)
      : directory_(std::move(directory)), with_labels_(with_labels) {}

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
  bool with_labels_;
};

}  // namespace pcnn

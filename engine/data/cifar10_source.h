#pragma once

// The binary version of CIFAR-10 (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images",
// 2009): data_batch_1.bin to data_batch_5.bin and test_batch.bin, each a row of records
//
//   byte 0     the label, 0 to 9
//   byte 1     3072 values: red, green, blue, each 32 rows of 32 columns

#include <string>
#include <utility>

#include "engine/data/image_source.h"

namespace pcnn {

class Cifar10Source final : public ImageSource {
 public:
  // with_labels: the images come with their classes.
  explicit Cifar10Source(std::string directory, bool with_labels = false)
      : directory_(std::move(directory)), with_labels_(with_labels) {}

  [[nodiscard]] std::string title() const override;
  [[nodiscard]] ImageSet read(Part part) const override;
  [[nodiscard]] Shape shape() const override;
  [[nodiscard]] std::uint64_t shape_at() const override;

 private:
  std::string directory_;
  bool with_labels_;
};

}  // namespace pcnn

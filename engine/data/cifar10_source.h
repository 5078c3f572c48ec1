#pragma once

// The binary version of CIFAR-10 (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images",
// 2009): data_batch_1.bin to data_batch_5.bin and test_batch.bin, each a row of records
//
//   byte 0     the label, 0 to 9 (checked, not used)
//   byte 1     3072 values: red, green, blue, each 32 rows of 32 columns

#include <string>
#include <utility>

#include "engine/data/image_source.h"

namespace pcnn {

class Cifar10Source final : public ImageSource {
 public:
  explicit Cifar10Source(std::string directory) : directory_(std::move(directory)) {}

  [[nodiscard]] std::string title() const override;
  [[nodiscard]] ImageSet read(Part part) const override;
  [[nodiscard]] Shape shape() const override;
  [[nodiscard]] std::uint64_t shape_at() const override;

 private:
  std::string directory_;
};

}  // namespace pcnn

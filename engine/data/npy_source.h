#pragma once

#include <string>

#include "engine/data/data_config.h"
#include "engine/data/image_source.h"

namespace pcnn {

// train.npy and, unless test images are to be taken out of it, test.npy, laid out as npy_layout() reads them:
// pixels of 0 to 255; or, with data.quantised, levels below those of the model's head (0 and 1 for a binary
// one), such as the code indices of a VQ-VAE. Integers of any type, or floats that are whole numbers or
// become them by data.scale; bool for levels. With data.labels, the classes from train_labels.npy and
// test_labels.npy, (n,), and their names from the lines of labels.txt where there is one.
class NpySource final : public ImageSource {
 public:
  explicit NpySource(const DataConfig& config)
      : directory_(config.directory),
        quantised_(config.quantised),
        labels_(config.labels),
        arrays_(config.arrays),
        values_(!quantised_         ? 256
                : config.levels > 0 ? config.levels
                                    : 2),
        head_levels_(config.levels > 0 ? config.levels : 2) {}

  [[nodiscard]] std::string title() const override;
  [[nodiscard]] bool has_test() const override;
  [[nodiscard]] ImageSet read(Part part) const override;
  [[nodiscard]] Shape shape() const override;
  [[nodiscard]] std::uint64_t shape_at() const override;

 private:
  [[nodiscard]] std::string path(Part part) const;
  void read_labels(Part part, ImageSet& images) const;

  std::string directory_;
  bool quantised_, labels_;
  ArrayConfig arrays_;
  int values_;
  int head_levels_;
};

}  // namespace pcnn

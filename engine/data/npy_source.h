#pragma once

#include <string>

#include "engine/data/data_config.h"
#include "engine/data/image_source.h"

namespace pcnn {

// train.npy and test.npy, [n][rows][columns] or [n][channels][rows][columns]: 8-bit pixels; or, with
// data.quantised, levels below those of the model's head (0 and 1 for a binary one), such as the code indices
// of a VQ-VAE, as bool, uint8 or uint16.
class NpySource final : public ImageSource {
 public:
  explicit NpySource(const DataConfig& config)
      : directory_(config.directory),
        quantised_(config.quantised),
        values_(!quantised_         ? 256
                : config.levels > 0 ? config.levels
                                    : 2),
        head_levels_(config.levels > 0 ? config.levels : 2) {}

  [[nodiscard]] std::string title() const override;
  [[nodiscard]] ImageSet read(Part part) const override;
  [[nodiscard]] Shape shape() const override;
  [[nodiscard]] std::uint64_t shape_at() const override;

 private:
  [[nodiscard]] std::string path(Part part) const;

  std::string directory_;
  bool quantised_;
  int values_;
  int head_levels_;
};

}  // namespace pcnn

#pragma once

#include <string>

#include "engine/data/data_config.h"
#include "engine/data/image_source.h"

namespace pcnn {

// MNIST, Fashion-MNIST, and any pair of IDX files named as theirs: train-images-idx3-ubyte and
// t10k-images-idx3-ubyte, plain or .gz.
class IdxSource final : public ImageSource {
 public:
  explicit IdxSource(const DataConfig& config) : dataset_(config.dataset), directory_(config.directory) {}

  [[nodiscard]] std::string title() const override;
  [[nodiscard]] ImageSet read(Part part) const override;
  [[nodiscard]] Shape shape() const override;
  [[nodiscard]] std::uint64_t shape_at() const override;

 private:
  [[nodiscard]] std::string path(Part part) const;

  DatasetKind dataset_;
  std::string directory_;
};

}  // namespace pcnn

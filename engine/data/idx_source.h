#pragma once

#include <string>

#include "engine/data/data_config.h"
#include "engine/data/idx_files.h"
#include "engine/data/image_source.h"

namespace pcnn {

// MNIST, Fashion-MNIST, and any IDX files named as idx_files.h says, with test images or without.
class IdxSource final : public ImageSource {
 public:
  explicit IdxSource(const DataConfig& config)
      : dataset_(config.dataset),
        directory_(config.directory),
        prefix_(config.prefix),
        labels_(config.labels) {}

  [[nodiscard]] std::string title() const override;
  [[nodiscard]] bool has_test() const override;
  [[nodiscard]] ImageSet read(Part part) const override;
  [[nodiscard]] Shape shape() const override;
  [[nodiscard]] std::uint64_t shape_at() const override;
  [[nodiscard]] std::string note() const override;

 private:
  [[nodiscard]] std::string prefix() const;
  [[nodiscard]] std::string path(Part part, IdxContent content) const;

  DatasetKind dataset_;
  std::string directory_, prefix_;
  bool labels_;
};

}  // namespace pcnn

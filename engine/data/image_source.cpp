#include "engine/data/image_source.h"

#include "engine/data/cifar10_source.h"
#include "engine/data/data_config.h"
#include "engine/data/idx_source.h"
#include "engine/data/npy_source.h"
#include "engine/data/png_source.h"

namespace pcnn {

std::unique_ptr<const ImageSource> make_image_source(const DataConfig& config) {
  switch (config.dataset) {
    case DatasetKind::kNpy:
      return std::make_unique<const NpySource>(config);
    case DatasetKind::kPng:
      return std::make_unique<const PngSource>(config.directory, config.labels);
    case DatasetKind::kCifar10:
      return std::make_unique<const Cifar10Source>(config.directory, config.labels);
    case DatasetKind::kMnist:
    case DatasetKind::kFashionMnist:
    case DatasetKind::kIdx:
      break;
  }
  return std::make_unique<const IdxSource>(config);
}

}  // namespace pcnn

#include "engine/data/idx_source.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "engine/core/error.h"
#include "engine/data/idx.h"

namespace pcnn {
namespace {

constexpr int kNamedSide = 28;  // rows and columns of MNIST and Fashion-MNIST

struct Known {
  std::string_view title;
  std::string_view remedy;  // for a missing file
};

Known known(DatasetKind dataset) {
  if (dataset == DatasetKind::kMnist)
    return {"MNIST", "run scripts/fetch_data.sh mnist, or set data.directory"};
  if (dataset == DatasetKind::kFashionMnist)
    return {"Fashion-MNIST", "run apt-get install dataset-fashion-mnist, or set data.directory"};
  return {"IDX", "data.directory must hold train-images-idx3-ubyte and t10k-images-idx3-ubyte (or .gz)"};
}

}  // namespace

std::string IdxSource::title() const {
  const std::string title(known(dataset_).title);
  return dataset_ == DatasetKind::kIdx ? title + " files in " + directory_ + "," : title;
}

std::uint64_t IdxSource::shape_at() const {
  return 8;
}

std::string IdxSource::path(Part part) const {
  const char* file = part == Part::kTrain ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte";
  const std::string path = (std::filesystem::path(directory_) / file).string();
  if (!find_idx(path))
    throw FileError(path, fmt::format("not found, nor with .gz: {}", known(dataset_).remedy));
  return path;
}

ImageSet IdxSource::read(Part part) const {
  ImageSet images = read_idx_images(path(part));
  // The name goes into every result, so it must not stand for other images.
  if (dataset_ != DatasetKind::kIdx && (images.height != kNamedSide || images.width != kNamedSide))
    throw FormatError(images.name, shape_at(),
                      fmt::format("found images of {}x{}, {} has {}x{} (data.dataset: idx takes any size)",
                                  images.height, images.width, title(), kNamedSide, kNamedSide));
  return images;
}

Shape IdxSource::shape() const {
  if (dataset_ != DatasetKind::kIdx) return {1, 1, kNamedSide, kNamedSide};
  Shape shape = read_idx_shape(path(Part::kTest));
  shape.n = 1;
  return shape;
}

}  // namespace pcnn

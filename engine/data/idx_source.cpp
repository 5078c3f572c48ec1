#include "engine/data/idx_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/idx.h"
#include "engine/data/labels.h"
#include "engine/data/published.h"

namespace pcnn {
namespace {

constexpr int kNamedSide = 28;  // rows and columns of MNIST and Fashion-MNIST

constexpr const char* kOwnFiles =
    "data.directory must hold train-images-idx3-ubyte and t10k-images-idx3-ubyte, by these or other usual "
    "names (or the first alone: test images are then taken out of it)";

// As published.
std::vector<std::string> class_names(DatasetKind dataset) {
  if (dataset == DatasetKind::kFashionMnist)
    return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  return {};
}

}  // namespace

std::string IdxSource::title() const {
  if (const PublishedDataset* known = published_dataset(dataset_)) return std::string(known->title);
  return fmt::format("IDX files {}{}in {},", prefix_, prefix_.empty() ? "" : " ", directory_);
}

std::uint64_t IdxSource::shape_at() const {
  return 8;
}

bool IdxSource::has_test() const {
  if (dataset_ != DatasetKind::kIdx) return true;
  const std::string prefix = this->prefix();
  const auto has = [&](Part part) {
    return find_idx_file(directory_, prefix, part, IdxContent::kImages).has_value();
  };
  // Without either, the test file is the one to be named as missing.
  return has(Part::kTest) || !has(Part::kTrain);
}

std::string IdxSource::note() const {
  if (dataset_ == DatasetKind::kIdx && prefix().starts_with("emnist"))
    return "EMNIST stores its images with rows and columns exchanged; they are taken as stored";
  return {};
}

std::string IdxSource::prefix() const {
  if (dataset_ != DatasetKind::kIdx || !prefix_.empty()) return prefix_;
  return find_idx_prefix(directory_);
}

std::string IdxSource::path(Part part, IdxContent content) const {
  const std::string prefix = this->prefix();
  const std::vector<std::string> folders = folders_of(dataset_, directory_);
  for (const std::string& folder : folders)
    if (const auto path = find_idx_file(folder, prefix, part, content)) return *path;
  const std::string path = (std::filesystem::path(directory_) / idx_name(prefix, part, content)).string();
  if (content == IdxContent::kLabels) require_labels(path);
  throw FileError(
      path, fmt::format("not found, nor with .gz{}: {}",
                        folders.size() > 1 ? fmt::format(", nor in {}", folders.back()) : "",
                        published_dataset(dataset_) ? remedy_for_missing(dataset_, directory_) : kOwnFiles));
}

ImageSet IdxSource::read(Part part) const {
  const std::string file = path(part, IdxContent::kImages);
  // The name goes into every result, so it must not stand for other images.
  if (const Shape shape = read_idx_shape(file);
      dataset_ != DatasetKind::kIdx && (shape.h != kNamedSide || shape.w != kNamedSide))
    throw FormatError(file, shape_at(),
                      fmt::format("found images of {}x{}, {} has {}x{} (data.dataset: idx takes any size)",
                                  shape.h, shape.w, title(), kNamedSide, kNamedSide));
  ImageSet images = read_idx_images(file);
  if (!labels_) return images;
  images.labels = read_idx_labels(path(part, IdxContent::kLabels), images.count);
  if (std::vector<std::string> names = class_names(dataset_);
      std::ranges::all_of(images.labels, [&](int label) { return label < static_cast<int>(names.size()); }))
    images.label_names = std::move(names);
  return images;
}

Shape IdxSource::shape() const {
  if (dataset_ != DatasetKind::kIdx) return {1, 1, kNamedSide, kNamedSide};
  Shape shape = read_idx_shape(path(has_test() ? Part::kTest : Part::kTrain, IdxContent::kImages));
  shape.n = 1;
  return shape;
}

}  // namespace pcnn

#include "engine/data/npy_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/data/labels.h"
#include "engine/data/npy_images.h"
#include "engine/io/npy.h"

namespace pcnn {
namespace {

void check_dtype(const std::string& path, const NpyDtype& dtype, bool quantised, int scale) {
  if (dtype.kind == 'b' && !quantised)
    throw FormatError(
        path, kNpyShapeAt,
        "found bool, accepted: pixels of 0 to 255; data.quantised: true takes these values as levels");
  if (dtype.kind != 'f' && scale > 0)
    throw FormatError(
        path, kNpyShapeAt,
        fmt::format("found {}, accepted: floats, which data.scale: {} is for", name_of(dtype), scale));
}

std::string file(const std::string& directory, const char* name) {
  return (std::filesystem::path(directory) / name).string();
}

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

}  // namespace

std::string NpySource::title() const {
  return "npy files in " + directory_ + ",";
}

std::uint64_t NpySource::shape_at() const {
  return kNpyShapeAt;
}

bool NpySource::has_test() const {
  // Without either, the test file is the one to be named as missing.
  return is_there(file(directory_, "test.npy")) || !is_there(file(directory_, "train.npy"));
}

std::string NpySource::path(Part part) const {
  const std::string path = file(directory_, part == Part::kTrain ? "train.npy" : "test.npy");
  if (!is_there(path))
    throw FileError(
        path,
        "not found: data.directory must hold train.npy and test.npy (or train.npy alone: test images "
        "are then taken out of it)");
  return path;
}

ImageSet NpySource::read(Part part) const {
  const std::string path = this->path(part);
  const NpyHeader header = read_npy_header(path);
  check_dtype(path, header.dtype, quantised_, arrays_.scale);
  const NpyLayout layout = npy_layout(path, header.shape, arrays_);
  require_memory_for_npy(path, header);
  const NpyArray array = read_npy(path);
  NpyLevels levels = npy_levels(array.dtype(), values_, quantised_, arrays_);
  if (!quantised_ && array.dtype().kind != 'f') levels.accepted += "; data.quantised: true takes levels";
  ImageSet images = images_of_npy(path, array, layout, levels);
  // Pixels so dark would all become the lowest level, and a model of blank images scores well.
  if (!quantised_ && head_levels_ < 256 &&
      std::ranges::all_of(images.pixels, [&](int value) { return value < head_levels_; }))
    throw ConfigError(
        fmt::format("{}: found values below {} only, which as 8-bit pixels are black; accepted: "
                    "data.quantised: true where "
                    "they are levels, or pixels of 0 to 255",
                    path, head_levels_));
  if (labels_) read_labels(part, images);
  return images;
}

void NpySource::read_labels(Part part, ImageSet& images) const {
  const std::string path = file(directory_, part == Part::kTrain ? "train_labels.npy" : "test_labels.npy");
  require_labels(path);
  if (const NpyHeader header = read_npy_header(path); header.shape != std::vector<std::int64_t>{images.count})
    throw FormatError(path, kNpyShapeAt,
                      fmt::format("found shape {}, accepted: ({},), a label for each image",
                                  npy_tuple_shown(header.shape), images.count));
  const NpyArray array = read_npy(path);
  const std::vector<std::uint16_t> labels =
      array.levels({.accepted = "whole numbers from 0 to 65535, the classes"});
  images.labels.assign(labels.begin(), labels.end());
  const std::string names = file(directory_, "labels.txt");
  if (is_there(names)) read_label_names(names, images);
}

Shape NpySource::shape() const {
  const std::string path = this->path(has_test() ? Part::kTest : Part::kTrain);
  const NpyHeader header = read_npy_header(path);
  check_dtype(path, header.dtype, quantised_, arrays_.scale);
  Shape shape = npy_layout(path, header.shape, arrays_).shape;
  shape.n = 1;
  return shape;
}

}  // namespace pcnn

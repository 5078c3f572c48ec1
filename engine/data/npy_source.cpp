#include "engine/data/npy_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/data/npy_images.h"
#include "engine/io/npy.h"

namespace pcnn {
namespace {

void check_dtype(const std::string& path, const NpyDtype& dtype, bool quantised) {
  const bool pixels = dtype.kind == 'u' && dtype.byte_size == 1;
  const bool levels = pixels || dtype.kind == 'b' || (dtype.kind == 'u' && dtype.byte_size == 2);
  if (quantised ? levels : pixels) return;
  const char* accepted = quantised ? "bool, uint8 or uint16"
                         : levels  ? "uint8 pixels; data.quantised: true takes these values as levels"
                                   : "uint8";
  throw FormatError(path, kNpyShapeAt, fmt::format("found {}, accepted: {}", name_of(dtype), accepted));
}

}  // namespace

std::string NpySource::title() const {
  return "npy files in " + directory_ + ",";
}

std::uint64_t NpySource::shape_at() const {
  return kNpyShapeAt;
}

std::string NpySource::path(Part part) const {
  const char* file = part == Part::kTrain ? "train.npy" : "test.npy";
  const std::string path = (std::filesystem::path(directory_) / file).string();
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw FileError(path, "not found: data.directory must hold train.npy and test.npy");
  return path;
}

ImageSet NpySource::read(Part part) const {
  const std::string path = this->path(part);
  const NpyArray array = read_npy(path);
  check_dtype(path, array.dtype(), quantised_);
  ImageSet images = images_of_npy(path, array, npy_images_shape(path, array.shape()), values_);
  // Pixels so dark would all become the lowest level, and a model of blank images scores well.
  if (!quantised_ && head_levels_ < 256 &&
      std::ranges::all_of(images.pixels, [&](int value) { return value < head_levels_; }))
    throw ConfigError(
        fmt::format("{}: found values below {} only, which as 8-bit pixels are black; accepted: "
                    "data.quantised: true where "
                    "they are levels, or pixels of 0 to 255",
                    path, head_levels_));
  return images;
}

Shape NpySource::shape() const {
  const std::string path = this->path(Part::kTest);
  const NpyHeader header = read_npy_header(path);
  check_dtype(path, header.dtype, quantised_);
  Shape shape = npy_images_shape(path, header.shape);
  shape.n = 1;
  return shape;
}

}  // namespace pcnn

#include "engine/data/npy_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "engine/core/error.h"
#include "engine/io/npy.h"

namespace pcnn {
namespace {

constexpr std::uint64_t kHeaderAt = 8;  // where dtype and shape stand

// As NumPy names it: "uint16".
std::string name_of(const NpyDtype& dtype) {
  if (dtype.kind == 'b') return "bool";
  const char* kind = dtype.kind == 'u' ? "uint" : dtype.kind == 'i' ? "int" : "float";
  return fmt::format("{}{}", kind, 8 * dtype.byte_size);
}

void check_dtype(const std::string& path, const NpyDtype& dtype, bool quantised) {
  const bool pixels = dtype.kind == 'u' && dtype.byte_size == 1;
  const bool levels = pixels || dtype.kind == 'b' || (dtype.kind == 'u' && dtype.byte_size == 2);
  if (quantised ? levels : pixels) return;
  const char* accepted = quantised ? "bool, uint8 or uint16"
                         : levels  ? "uint8 pixels; data.quantised: true takes these values as levels"
                                   : "uint8";
  throw FormatError(path, kHeaderAt, fmt::format("found {}, accepted: {}", name_of(dtype), accepted));
}

Shape set_shape(const std::string& path, std::span<const std::int64_t> extents) {
  const std::size_t count = extents.size();
  const auto from_end = [&](std::size_t i) { return static_cast<std::uint64_t>(extents[count - i]); };
  if (count == 3 || count == 4) {
    const std::uint64_t images = from_end(count), channels = count == 4 ? from_end(3) : 1;
    if (is_image_shape(images, channels, from_end(2), from_end(1)))
      return {static_cast<int>(images), static_cast<int>(channels), static_cast<int>(from_end(2)),
              static_cast<int>(from_end(1))};
  }
  throw FormatError(
      path, kHeaderAt,
      fmt::format("found shape {}, accepted: (n, rows, columns) or (n, channels, rows, columns), "
                  "{}",
                  npy_tuple_shown(extents), kAcceptedImageShape));
}

// [n][channel][row][column], or without the channel where the file has none.
std::string index_of(std::size_t element, std::span<const std::int64_t> extents) {
  std::vector<std::int64_t> index(extents.size());
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(extents[axis]);
    index[axis] = static_cast<std::int64_t>(element % extent);
    element /= extent;
  }
  return npy_tuple_text(index);
}

}  // namespace

std::string NpySource::title() const {
  return "npy files in " + directory_ + ",";
}

std::uint64_t NpySource::shape_at() const {
  return kHeaderAt;
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
  const Shape shape = set_shape(path, array.shape());
  ImageSet images{.name = path,
                  .count = shape.n,
                  .channels = shape.c,
                  .height = shape.h,
                  .width = shape.w,
                  .values = values_,
                  .pixels = array.values<std::uint16_t>(),
                  .ids = ids_in_order(shape.n)};
  const auto strange = std::ranges::find_if(images.pixels, [&](int value) { return value >= values_; });
  if (strange != images.pixels.end())
    throw ConfigError(fmt::format(
        "{}: value {} at index {}, accepted: 0 to {}, the levels of model.head", path, *strange,
        index_of(static_cast<std::size_t>(strange - images.pixels.begin()), array.shape()), values_ - 1));
  return images;
}

Shape NpySource::shape() const {
  const std::string path = this->path(Part::kTest);
  const NpyHeader header = read_npy_header(path);
  check_dtype(path, header.dtype, quantised_);
  Shape shape = set_shape(path, header.shape);
  shape.n = 1;
  return shape;
}

}  // namespace pcnn

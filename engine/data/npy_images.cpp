#include "engine/data/npy_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/core/error.h"

namespace pcnn {
namespace {

// [n][channel][row][column], or without the axes the file does not have.
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

std::string name_of(const NpyDtype& dtype) {
  if (dtype.kind == 'b') return "bool";
  const char* kind = dtype.kind == 'u' ? "uint" : dtype.kind == 'i' ? "int" : "float";
  return fmt::format("{}{}", kind, 8 * dtype.byte_size);
}

Shape npy_images_shape(const std::string& path, std::span<const std::int64_t> extents, bool single_too) {
  const std::size_t count = extents.size();
  const auto from_end = [&](std::size_t i) { return static_cast<std::uint64_t>(extents[count - i]); };
  if (count == 3 || count == 4 || (count == 2 && single_too)) {
    const std::uint64_t images = count == 2 ? 1 : from_end(count), channels = count == 4 ? from_end(3) : 1;
    if (is_image_shape(images, channels, from_end(2), from_end(1)))
      return {static_cast<int>(images), static_cast<int>(channels), static_cast<int>(from_end(2)),
              static_cast<int>(from_end(1))};
  }
  throw FormatError(
      path, kNpyShapeAt,
      fmt::format("found shape {}, accepted: {}(n, rows, columns) or (n, channels, rows, columns), {}",
                  npy_tuple_shown(extents), single_too ? "(rows, columns), " : "", kAcceptedImageShape));
}

ImageSet images_of_npy(const std::string& path, const NpyArray& array, const Shape& shape, int values) {
  ImageSet images{.name = path,
                  .count = shape.n,
                  .channels = shape.c,
                  .height = shape.h,
                  .width = shape.w,
                  .values = values,
                  .pixels = array.values<std::uint16_t>(),
                  .ids = ids_in_order(shape.n)};
  const auto strange = std::ranges::find_if(images.pixels, [&](int value) { return value >= values; });
  if (strange != images.pixels.end())
    throw ConfigError(fmt::format(
        "{}: value {} at index {}, accepted: 0 to {}, the levels of model.head", path, *strange,
        index_of(static_cast<std::size_t>(strange - images.pixels.begin()), array.shape()), values - 1));
  return images;
}

}  // namespace pcnn

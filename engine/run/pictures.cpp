#include "engine/run/pictures.h"

#include <fmt/format.h>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "engine/data/quantise.h"
#include "engine/io/image_grid.h"

namespace pcnn {
namespace {

constexpr double kMostBytes = 1024.0 * 1024.0 * 1024.0;  // of a picture: more takes minutes to pack

Image8 to_picture(std::span<const float> image, const Shape& shape, const OutputHead& head) {
  const int shown = shape.c == 3 ? 3 : 1;
  Image8 picture{.width = shape.w, .height = shape.h, .channels = shown, .pixels = {}};
  for (int row = 0; row < shape.h; ++row)
    for (int column = 0; column < shape.w; ++column)
      for (int channel = 0; channel < shown; ++channel) {
        const int level = head.level(image[shape.offset(0, channel, row, column)]);
        picture.pixels.push_back(level_to_pixel(level, head.levels()));
      }
  return picture;
}

}  // namespace

std::vector<Image8> to_pictures(std::span<const float> images, const Shape& shape, const OutputHead& head) {
  std::vector<Image8> pictures;
  for (; !images.empty(); images = images.subspan(shape.size()))
    pictures.push_back(to_picture(images.first(shape.size()), shape, head));
  return pictures;
}

void check_picture(const std::string& where, std::int64_t images, const Shape& shape, int columns, int gap,
                   int scale, const std::string& instead) {
  const GridSize size = grid_size(images, shape.w, shape.h, columns, gap, scale);
  const auto bytes =
      static_cast<double>(size.width) * static_cast<double>(size.height) * (shape.c == 3 ? 3 : 1);
  if (size.width > kLongestSide || size.height > kLongestSide || bytes > kMostBytes)
    throw ConfigError(
        fmt::format("{}: {} images make a picture of {} x {}, accepted: up to {} a side and 1 GiB in all; {}",
                    where, images, size.height, size.width, kLongestSide, instead));
  // The picture, and as much for its file while that is packed.
  require_memory(2.0 * bytes,
                 fmt::format("{}: {} make a picture of {} x {}, which takes", where, counted(images, "image"),
                             size.height, size.width),
                 instead);
}

}  // namespace pcnn

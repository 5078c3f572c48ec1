#include "engine/run/pictures.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/data/quantise.h"
#include "engine/io/image_grid.h"

namespace pcnn {
namespace {

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
  if (size.width > kLongestSide || size.height > kLongestSide)
    throw ConfigError(fmt::format("{}: {} images make a picture of {} x {}, accepted: up to {} a side; {}",
                                  where, images, size.height, size.width, kLongestSide, instead));
}

}  // namespace pcnn

#include "engine/io/image_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace pcnn {
namespace {

void require_one_shape(std::span<const Image8> images) {
  const Image8& first = images.front();
  if (first.width < 1 || first.height < 1 || first.channels < 1)
    throw std::invalid_argument("tile_images: empty images");
  for (const Image8& image : images)
    if (image.width != first.width || image.height != first.height || image.channels != first.channels ||
        image.pixels.size() != first.offset(first.height, 0))
      throw std::invalid_argument(
          fmt::format("tile_images: {} values for {} x {} pixels of {} channels beside {} x {} of {}",
                      image.pixels.size(), image.width, image.height, image.channels, first.width,
                      first.height, first.channels));
}

void paste(const Image8& image, int scale, int top, int left, Image8& grid) {
  for (int row = 0; row < image.height * scale; ++row)
    for (int column = 0; column < image.width * scale; ++column)
      std::copy_n(image.pixels.data() + image.offset(row / scale, column / scale), image.channels,
                  grid.pixels.data() + grid.offset(top + row, left + column));
}

int columns_of(std::int64_t count, int columns) {
  if (columns == 0) columns = near_square_columns(count);
  return static_cast<int>(std::min<std::int64_t>(columns, count));
}

}  // namespace

int near_square_columns(std::int64_t count) {
  return static_cast<int>(std::ceil(std::sqrt(static_cast<double>(count))));
}

GridSize grid_size(std::int64_t count, int width, int height, int columns, int gap, int scale) {
  columns = columns_of(count, columns);
  const std::int64_t rows = (count + columns - 1) / columns;
  return {.width = columns * (std::int64_t{width} * scale + gap) + gap,
          .height = rows * (std::int64_t{height} * scale + gap) + gap};
}

Image8 tile_images(std::span<const Image8> images, int columns, int gap, int scale, std::uint8_t background) {
  if (columns < 0 || gap < 0 || scale < 1)
    throw std::invalid_argument(
        fmt::format("tile_images: {} columns, gap {}, scale {}", columns, gap, scale));
  if (images.empty()) return {};
  require_one_shape(images);
  const int count = static_cast<int>(images.size());
  const GridSize size = grid_size(count, images[0].width, images[0].height, columns, gap, scale);
  if (size.width > kLongestSide || size.height > kLongestSide)
    throw std::invalid_argument(fmt::format("tile_images: a picture of {} x {}", size.height, size.width));
  columns = columns_of(count, columns);
  const int tile_height = images[0].height * scale + gap, tile_width = images[0].width * scale + gap;

  Image8 grid{.width = static_cast<int>(size.width),
              .height = static_cast<int>(size.height),
              .channels = images[0].channels,
              .pixels = {}};
  grid.pixels.assign(grid.offset(grid.height, 0), background);
  for (int i = 0; i < count; ++i)
    paste(images[static_cast<std::size_t>(i)], scale, gap + i / columns * tile_height,
          gap + i % columns * tile_width, grid);
  return grid;
}

}  // namespace pcnn

#include "engine/io/image_grid.h"

#include <algorithm>
#include <cmath>

namespace pcnn {
namespace {

constexpr std::uint8_t kGapGrey = 96;

void paste(const Image8& image, int scale, int top, int left, Image8& grid) {
  for (int row = 0; row < image.height * scale; ++row)
    for (int column = 0; column < image.width * scale; ++column)
      std::copy_n(
          image.pixels.begin() + static_cast<std::ptrdiff_t>(image.offset(row / scale, column / scale)),
          image.channels,
          grid.pixels.begin() + static_cast<std::ptrdiff_t>(grid.offset(top + row, left + column)));
}

}  // namespace

Image8 tile_images(std::span<const Image8> images, int columns, int gap, int scale) {
  if (images.empty()) return {};
  const int count = static_cast<int>(images.size());
  if (columns <= 0) columns = static_cast<int>(std::ceil(std::sqrt(count)));
  columns = std::min(columns, count);
  const int rows = (count + columns - 1) / columns;
  const int tile_height = images[0].height * scale + gap, tile_width = images[0].width * scale + gap;

  Image8 grid{.width = columns * tile_width + gap,
              .height = rows * tile_height + gap,
              .channels = images[0].channels,
              .pixels = {}};
  grid.pixels.assign(grid.offset(grid.height, 0), kGapGrey);
  for (int i = 0; i < count; ++i)
    paste(images[static_cast<std::size_t>(i)], scale, gap + i / columns * tile_height,
          gap + i % columns * tile_width, grid);
  return grid;
}

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <span>

#include "engine/io/image.h"

namespace pcnn {

// A grey that is seen beside black and beside white pixels.
inline constexpr std::uint8_t kGridBackground = 96;

struct GridSize {
  std::int64_t width = 0, height = 0;  // pixels of the picture
};
// Of a grid of `count` >= 1 images of width x height; the other arguments as tile_images takes them.
[[nodiscard]] GridSize grid_size(std::int64_t count, int width, int height, int columns, int gap, int scale);

// Columns of the grid of so many images that is the nearest to a square.
[[nodiscard]] int near_square_columns(std::int64_t count);

// The longest side a picture may have: what libpng writes.
inline constexpr std::int64_t kLongestSide = 1000000;

// The images side by side in reading order: `columns` to a row (0: the nearest to a square), `gap` pixels of
// background between and around them, every pixel magnified to scale x scale. The last row may be part empty.
// No images give an empty picture. Throws std::invalid_argument where the images are not all of one shape,
// pixels do not fit the shape, the picture would have a side above kLongestSide, or columns < 0, gap < 0 or
// scale < 1.
[[nodiscard]] Image8 tile_images(std::span<const Image8> images, int columns = 0, int gap = 2, int scale = 1,
                                 std::uint8_t background = kGridBackground);

}  // namespace pcnn

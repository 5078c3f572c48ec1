#pragma once

#include <span>

#include "engine/io/image.h"

namespace pcnn {

// The images side by side, all of one shape: `columns` to a row (0: the nearest to a square), `gap` pixels of
// grey between and around them, each pixel as scale x scale. No images give an empty picture.
[[nodiscard]] Image8 tile_images(std::span<const Image8> images, int columns, int gap, int scale);

}  // namespace pcnn

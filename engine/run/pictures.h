#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/shape.h"
#include "engine/io/image.h"

namespace pcnn {

// Pixel values as fed to the network, [0, 1], CHW, to 8-bit pictures; any number of images of one shape.
[[nodiscard]] std::vector<Image8> to_pictures(std::span<const float> images, const Shape& shape);

inline constexpr int kGridGap = 2;  // pixels between the images of a grid

// Before the work: throws ConfigError where tile_images could not make the picture. `where` begins the
// message, `instead` ends it.
void check_picture(const std::string& where, std::int64_t images, const Shape& shape, int columns, int gap,
                   int scale, const std::string& instead);

}  // namespace pcnn

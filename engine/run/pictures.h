#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/shape.h"
#include "engine/io/image.h"
#include "engine/model/output_head.h"

namespace pcnn {

// Pixel values as fed to the network, CHW, to 8-bit pictures whose black and white are the head's lowest and
// highest level (see level_to_pixel: read as 8-bit data of the model they are the same image, up to 256
// levels); any number of images of one shape, of one or three channels. Of others the first channel is shown.
[[nodiscard]] std::vector<Image8> to_pictures(std::span<const float> images, const Shape& shape,
                                              const OutputHead& head);

inline constexpr int kGridGap = 2;  // pixels between the images of a grid

// Before the work: throws ConfigError where tile_images or write_png could not make the picture, or this
// machine has no memory for it. `where` begins the message, `instead` ends it.
void check_picture(const std::string& where, std::int64_t images, const Shape& shape, int columns, int gap,
                   int scale, const std::string& instead);

}  // namespace pcnn

#pragma once

#include <span>
#include <vector>

#include "engine/core/shape.h"
#include "engine/io/image.h"

namespace pcnn {

// Pixel values as fed to the network, [0, 1], CHW, to 8-bit pictures; any number of images of one shape.
[[nodiscard]] std::vector<Image8> to_pictures(std::span<const float> images, const Shape& shape);

}  // namespace pcnn

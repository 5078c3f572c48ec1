#pragma once

// Pictures as images of a set.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/image_set.h"
#include "engine/io/image.h"
#include "engine/io/png.h"

namespace pcnn {

// A PNG for images of so many channels, 1 or 3: greys that are stored in colour become one channel, and grey
// becomes three equal ones; 0: as many as read_png gives. Throws as read_png, and ConfigError where a pixel
// of what must be grey is coloured, a PNG cannot have so many channels, or its sides are not those of an
// image, which its header tells before there are pixels; `accept` may refuse more
// of them, from a header whose channels are `channels` where that is not 0.
[[nodiscard]] Image8 read_picture(const std::string& path, int channels, const AcceptHeader& accept = {});

// Pixel by pixel in a picture, plane by plane in a set.
void append_planes(const Image8& image, std::vector<std::uint16_t>& pixels);

// One picture as a set; `path` is its name.
[[nodiscard]] ImageSet image_set_of(const std::string& path, const Image8& picture);

}  // namespace pcnn

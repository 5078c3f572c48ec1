#pragma once

// PNG (W3C Recommendation, third edition) through libpng.

#include <string>

#include "engine/io/image.h"

namespace pcnn {

// Grey (1 channel) or RGB (3), atomic, no time stamp: the same bytes for the same picture. Throws FileError;
// std::invalid_argument where the picture is empty, has other channels, or its pixels do not fit its shape.
void write_png(const std::string& path, const Image8& image);

// Any PNG as 8-bit grey or RGB. 8-bit grey and RGB come back as stored; palettes become RGB, 1, 2 and 4 bits
// are stretched to 0..255, 16 bits rounded to 8, transparency laid over black, and pixels of a file that
// names another gamma than sRGB's brought to sRGB. Throws FileError; FormatError where the file is not a PNG,
// is damaged, or would take more than 2 GiB.
[[nodiscard]] Image8 read_png(const std::string& path);

// For values that are data: only 8-bit grey and RGB, without transparency or another gamma than sRGB's, so
// that what comes back is what the file stores. Throws as read_png, and FormatError for any other PNG.
[[nodiscard]] Image8 read_png_as_stored(const std::string& path);

}  // namespace pcnn

#pragma once

// PNG (W3C Recommendation, third edition) through libpng.

#include <cstdint>
#include <functional>
#include <string>

#include "engine/io/image.h"

namespace pcnn {

// Grey (1 channel) or RGB (3), atomic, no time stamp: the same bytes for the same picture. Throws FileError;
// std::invalid_argument where the picture is empty, has other channels, or its pixels do not fit its shape.
void write_png(const std::string& path, const Image8& image);

// Every PNG that is 8-bit grey or RGB without loss, interlaced or not: values come back as stored, those of
// 1, 2 and 4 bits stretched to 0..255. A palette becomes grey where all colours that pixels use are grey, RGB
// elsewhere; an alpha channel that is opaque everywhere is dropped. Colour chunks (gamma, sRGB, ICC profiles)
// change nothing.
//
// `accept` is called with what the header claims before memory is taken for the pixels, and may throw.
//
// Throws FileError; ConfigError where this machine has no memory for it; FormatError for 16 bits a value and
// for pixels that are not opaque, with a command that converts the file, and where it is not a PNG, is
// damaged or would take more than 2 GiB.
struct PngHeader {
  std::uint32_t width, height;
  int channels;  // 1 grey, 3 RGB; 0 with a palette, whose colours only the pixels tell
};
using AcceptHeader = std::function<void(const PngHeader& header)>;
[[nodiscard]] Image8 read_png(const std::string& path, const AcceptHeader& accept = {});

}  // namespace pcnn

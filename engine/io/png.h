#pragma once

#include <string>

#include "engine/io/image.h"

namespace pcnn {

// Grey or RGB, atomic, the same bytes for the same picture. Throws FileError.
void write_png(const std::string& path, const Image8& image);

// Any PNG as 8-bit grey or RGB: palettes are resolved, 16 bits cut to 8, transparency laid over black. Throws
// FileError or FormatError.
[[nodiscard]] Image8 read_png(const std::string& path);

}  // namespace pcnn

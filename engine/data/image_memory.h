#pragma once

#include <cstdint>
#include <string>

namespace pcnn {

// Throws ConfigError where this machine has no memory for the pixels of so many images of a file or a folder:
// before they are read.
void require_memory_for_images(const std::string& path, std::int64_t count, int channels, int height,
                               int width);

}  // namespace pcnn

#include "engine/data/image_memory.h"

#include <fmt/format.h>

#include "engine/core/digits.h"
#include "engine/core/memory.h"

namespace pcnn {

void require_memory_for_images(const std::string& path, std::int64_t count, int channels, int height,
                               int width) {
  const double values = static_cast<double>(count) * channels * height * width;
  require_memory(values * sizeof(std::uint16_t),
                 fmt::format("{}: {} of {}x{} take", path, counted(count, "image"), height, width));
}

}  // namespace pcnn

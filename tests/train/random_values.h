#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/random.h"

namespace pcnn {

// Normal numbers, others for each tag.
inline std::vector<float> random_values(std::size_t count, std::uint32_t tag, float scale = 1.0f) {
  const RandomStream stream(11, Stream::kInitialisation);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = scale * stream.normal(static_cast<std::uint32_t>(i), tag);
  return values;
}

}  // namespace pcnn

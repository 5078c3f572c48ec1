#pragma once

#include <cstddef>
#include <vector>

#include "engine/compile/kernels/training_kernels.h"
#include "tests/support/random.h"

namespace pcnn::testing {

// Every block that oneDNN lays maps out in, the last one filled up or not, and pixels with all their maps.
inline std::vector<MapLayout> map_layouts(Random& random) {
  std::vector<MapLayout> layouts;
  for (const int block : {1, 4, 8, 16, 0})
    for (int round = 0; round < 6; ++round) {
      const int maps = random.between(1, 150);
      layouts.push_back({.images = random.between(1, 3),
                         .maps = maps,
                         .pixels = random.between(1, 80),
                         .block = block == 0 ? maps : block});
    }
  return layouts;
}

inline std::size_t element_count(const MapLayout& layout) {
  const int blocks = (layout.maps + layout.block - 1) / layout.block;
  return static_cast<std::size_t>(layout.images * blocks * layout.pixels * layout.block);
}

// visit(place in memory, image, map, pixel); a map from layout.maps on is none.
template <typename Visit>
void for_each_value(const MapLayout& layout, Visit&& visit) {
  std::size_t at = 0;
  for (int image = 0; image < layout.images; ++image)
    for (int first = 0; first < layout.maps; first += layout.block)
      for (int pixel = 0; pixel < layout.pixels; ++pixel)
        for (int i = 0; i < layout.block; ++i) visit(at++, image, first + i, pixel);
}

}  // namespace pcnn::testing

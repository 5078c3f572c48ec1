#pragma once

// All maps of one pixel, out of feature maps in any layout and into them, as f32.

#include <algorithm>
#include <cstddef>

#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/bf16.h"
#include "engine/core/index.h"

namespace pcnn {

inline float as_float(float value) {
  return value;
}
inline float as_float(Bf16 value) {
  return from_bf16(value);
}
inline void assign(float& to, float value) {
  to = value;
}
inline void assign(Bf16& to, float value) {
  to = to_bf16(value);
}

// Calls visit(first element, first map, maps) for every block of maps of the pixel.
template <typename Visit>
void for_each_block(const MapLayout& layout, int image, int pixel, Visit&& visit) {
  const std::size_t block = to_index(layout.block), blocks = (to_index(layout.maps) + block - 1) / block,
                    plane = to_index(layout.pixels) * block;
  std::size_t at = to_index(image) * blocks * plane + to_index(pixel) * block;
  for (int map = 0; map < layout.maps; map += layout.block, at += plane)
    visit(at, to_index(map), to_index(std::min(layout.block, layout.maps - map)));
}

template <typename Element>
void read_pixel(const MapLayout& layout, const Element* maps, int image, int pixel, float* to) {
  for_each_block(layout, image, pixel, [&](std::size_t at, std::size_t map, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) to[map + i] = as_float(maps[at + i]);
  });
}

// from: null for zeros. What fills up the last block becomes zero.
template <typename Element>
void write_pixel(const MapLayout& layout, const float* from, int image, int pixel, Element* maps) {
  for_each_block(layout, image, pixel, [&](std::size_t at, std::size_t map, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) assign(maps[at + i], from ? from[map + i] : 0.0f);
    for (std::size_t i = count; i < to_index(layout.block); ++i) maps[at + i] = Element{};
  });
}

}  // namespace pcnn

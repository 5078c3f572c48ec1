#pragma once

// All maps of some pixels of an image, out of feature maps in any layout and into them, as f32.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/bf16.h"
#include "engine/core/index.h"

namespace pcnn {

// Pixels `first`, `first + apart`, ... of an image, in raster order.
struct PixelRun {
  int first = 0;
  int apart = 1;
  int count = 0;
};

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

// Calls visit(element, map, maps, i) for every block of maps of every pixel i: block by block, so that pixels
// side by side are passed over in the order in which they lie.
template <typename Visit>
void for_each_block_of_maps(const MapLayout& layout, int image, const PixelRun& run, Visit&& visit) {
  const std::size_t block = to_index(layout.block), blocks = (to_index(layout.maps) + block - 1) / block,
                    plane = to_index(layout.pixels) * block;
  std::size_t begin = to_index(image) * blocks * plane;
  for (int map = 0; map < layout.maps; map += layout.block, begin += plane) {
    const std::size_t maps = to_index(std::min(layout.block, layout.maps - map));
    for (int i = 0; i < run.count; ++i)
      visit(begin + to_index(run.first + i * run.apart) * block, to_index(map), maps, to_index(i));
  }
}

// to: from one pixel to the next `stride` floats.
template <typename Element>
void read_pixels(const MapLayout& layout, const Element* maps, int image, const PixelRun& run, float* to,
                 std::size_t stride) {
  for_each_block_of_maps(layout, image, run,
                         [&](std::size_t at, std::size_t map, std::size_t count, std::size_t i) {
                           float* const dst = to + i * stride + map;
                           if constexpr (std::is_same_v<Element, float>) {
                             if (count == 8) {  // in registers, where the size is known
                               std::memcpy(dst, maps + at, 8 * sizeof(float));
                               return;
                             }
                           }
                           for (std::size_t k = 0; k < count; ++k) dst[k] = as_float(maps[at + k]);
                         });
}

// from: likewise; null for zeros. What fills up the last block becomes zero.
template <typename Element>
void write_pixels(const MapLayout& layout, const float* from, std::size_t stride, int image,
                  const PixelRun& run, Element* maps) {
  for_each_block_of_maps(layout, image, run,
                         [&](std::size_t at, std::size_t map, std::size_t count, std::size_t i) {
                           const float* const src = from ? from + i * stride + map : nullptr;
                           if constexpr (std::is_same_v<Element, float>) {
                             if (src && count == 8 && layout.block == 8) {
                               std::memcpy(maps + at, src, 8 * sizeof(float));
                               return;
                             }
                           }
                           for (std::size_t k = 0; k < count; ++k) assign(maps[at + k], src ? src[k] : 0.0f);
                           for (std::size_t k = count; k < to_index(layout.block); ++k)
                             maps[at + k] = Element{};
                         });
}

}  // namespace pcnn

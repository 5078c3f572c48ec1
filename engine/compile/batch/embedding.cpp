#include "engine/compile/batch/embedding.h"

#include <algorithm>

#include "engine/core/index.h"

namespace pcnn {
namespace {

// visit(level, map, place): of every image, channel, pixel and map of that channel, the place in the maps.
template <typename Visit>
void for_each_value(const EmbeddingOp& op, const Shape& images, int maps, const float* pixels,
                    Visit&& visit) {
  const std::size_t area = to_index(images.h) * to_index(images.w), of_channel = to_index(maps / images.c);
  std::size_t first = 0;  // of the channel's maps
  for (int channel = 0; channel < images.n * images.c; ++channel, pixels += area, first += of_channel * area)
    for (std::size_t pixel = 0; pixel < area; ++pixel) {
      const std::size_t level = to_index(op.level(pixels[pixel]));
      for (std::size_t i = 0; i < of_channel; ++i)
        visit(level, to_index(channel % images.c) * of_channel + i, first + i * area + pixel);
    }
}

}  // namespace

void embed(const EmbeddingOp& op, const Shape& images, int maps, const float* pixels, const float* table,
           float* dst) {
  for_each_value(op, images, maps, pixels, [&](std::size_t level, std::size_t map, std::size_t place) {
    dst[place] = table[level * to_index(maps) + map];
  });
}

void embed_backward(const EmbeddingOp& op, const Shape& images, int maps, const float* pixels,
                    const float* diff_dst, float* gradients) {
  std::fill_n(gradients, to_index(op.levels) * to_index(maps), 0.0f);
  for_each_value(op, images, maps, pixels, [&](std::size_t level, std::size_t map, std::size_t place) {
    gradients[level * to_index(maps) + map] += diff_dst[place];
  });
}

}  // namespace pcnn

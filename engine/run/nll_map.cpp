#include "engine/run/nll_map.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/io/image_grid.h"
#include "engine/run/pictures.h"

namespace pcnn {
namespace {

// With the channels of the images, since a grid holds one kind of pictures.
Image8 map_picture(std::span<const float> nats, const Shape& image, double white_nats) {
  Image8 map{.width = image.w, .height = image.h, .channels = image.c, .pixels = {}};
  for (const float value : nats) {
    const double share = white_nats > 0.0 ? std::clamp(value / white_nats, 0.0, 1.0) : 0.0;
    map.pixels.insert(map.pixels.end(), static_cast<std::size_t>(image.c),
                      static_cast<std::uint8_t>(std::lround(255.0 * share)));
  }
  return map;
}

}  // namespace

int nll_map_scale(const Shape& image) {
  return std::clamp(128 / std::max(image.h, image.w), 1, 4);
}

NllMapPicture draw_nll_map(std::span<const float> images, std::span<const float> pixel_nats,
                           const Shape& image, const OutputHead& head) {
  const double white_nats = pixel_nats.empty() ? 0.0 : *std::ranges::max_element(pixel_nats);
  const std::size_t area = image.size() / static_cast<std::size_t>(image.c);
  std::vector<Image8> tiles;
  for (Image8& picture : to_pictures(images, image, head)) {
    const auto nats = pixel_nats.subspan(tiles.size() / 2 * area, area);
    tiles.push_back(std::move(picture));
    tiles.push_back(map_picture(nats, image, white_nats));
  }
  return {tile_images(tiles, kNllMapColumns, kGridGap, nll_map_scale(image)), white_nats};
}

}  // namespace pcnn

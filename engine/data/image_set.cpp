#include "engine/data/image_set.h"

namespace pcnn {

ImageSet select(const ImageSet& images, std::span<const int> positions) {
  ImageSet chosen{.name = images.name,
                  .count = static_cast<int>(positions.size()),
                  .channels = images.channels,
                  .height = images.height,
                  .width = images.width,
                  .pixels = {},
                  .ids = {}};
  chosen.pixels.reserve(positions.size() * images.image_size());
  chosen.ids.reserve(positions.size());
  for (const int position : positions) {
    const std::span<const std::uint8_t> image = images.image(position);
    chosen.pixels.insert(chosen.pixels.end(), image.begin(), image.end());
    chosen.ids.push_back(images.ids[static_cast<std::size_t>(position)]);
  }
  return chosen;
}

}  // namespace pcnn

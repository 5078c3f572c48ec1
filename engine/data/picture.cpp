#include "engine/data/picture.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "engine/core/error.h"

namespace pcnn {
namespace {

Image8 in_grey(const std::string& path, const Image8& picture) {
  Image8 grey{.width = picture.width, .height = picture.height, .channels = 1, .pixels = {}};
  const auto channels = static_cast<std::size_t>(picture.channels),
             width = static_cast<std::size_t>(picture.width);
  grey.pixels.reserve(picture.pixels.size() / channels);
  for (std::size_t i = 0; i < picture.pixels.size(); i += channels) {
    for (std::size_t channel = 1; channel < channels; ++channel)
      if (picture.pixels[i + channel] != picture.pixels[i])
        throw ConfigError(
            fmt::format("{}: the pixel at row {}, column {} is coloured, accepted: a grey picture", path,
                        i / channels / width, i / channels % width));
    grey.pixels.push_back(picture.pixels[i]);
  }
  return grey;
}

Image8 in_colour(const Image8& grey) {
  Image8 picture{.width = grey.width, .height = grey.height, .channels = 3, .pixels = {}};
  picture.pixels.reserve(3 * grey.pixels.size());
  for (const std::uint8_t value : grey.pixels) picture.pixels.insert(picture.pixels.end(), 3, value);
  return picture;
}

}  // namespace

Image8 read_picture(const std::string& path, int channels, const AcceptHeader& accept) {
  if (channels != 0 && channels != 1 && channels != 3)
    throw ConfigError(
        fmt::format("{}: the model's images have {} channels and those of a PNG 1 or 3, accepted: "
                    "a .npy",
                    path, channels));
  Image8 picture = read_png(path, [&](const PngHeader& header) {
    if (!is_image_shape(1, 1, header.height, header.width))
      throw ConfigError(
          fmt::format("{}: {}x{}, accepted: {}", path, header.height, header.width, kAcceptedImageShape));
    if (accept) accept({header.width, header.height, channels == 0 ? header.channels : channels});
  });
  if (channels == 0 || picture.channels == channels) return picture;
  return channels == 1 ? in_grey(path, picture) : in_colour(picture);
}

void append_planes(const Image8& image, std::vector<std::uint16_t>& pixels) {
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t channel = 0; channel < channels; ++channel)
    for (std::size_t i = channel; i < image.pixels.size(); i += channels) pixels.push_back(image.pixels[i]);
}

ImageSet image_set_of(const std::string& path, const Image8& picture) {
  ImageSet images{.name = path,
                  .count = 1,
                  .channels = picture.channels,
                  .height = picture.height,
                  .width = picture.width,
                  .ids = ids_in_order(1)};
  append_planes(picture, images.pixels);
  return images;
}

}  // namespace pcnn

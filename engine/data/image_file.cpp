#include "engine/data/image_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/npy_images.h"
#include "engine/data/png_source.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"

namespace pcnn {
namespace {

int stored_levels(const DataConfig& config) {
  return config.levels > 0 ? config.levels : 2;
}

ImageSet read_array(const std::string& path, const DataConfig& config, int channels) {
  const NpyArray array = read_npy(path);
  const int values = config.quantised || array.dtype().kind == 'b' ? stored_levels(config) : 256;
  const NpyLayout layout = npy_layout_for(channels, path, array.shape(), config.arrays);
  ImageSet images =
      images_of_npy(path, array, layout,
                    npy_levels(array.dtype(), values, values != 256 || config.quantised, config.arrays));
  // As pcnn-sample writes them. No picture is so dark that its 8-bit pixels are all below the levels.
  const int levels = stored_levels(config);
  if (std::ranges::all_of(images.pixels, [levels](int value) { return value < levels; }))
    images.values = levels;
  return images;
}

void keep_one_channel(const std::string& path, Image8& picture) {
  Image8 grey{.width = picture.width, .height = picture.height, .channels = 1, .pixels = {}};
  const auto channels = static_cast<std::size_t>(picture.channels);
  for (std::size_t i = 0; i < picture.pixels.size(); i += channels) {
    for (std::size_t channel = 1; channel < channels; ++channel)
      if (picture.pixels[i + channel] != picture.pixels[i])
        throw ConfigError(fmt::format(
            "{}: the pixel at row {}, column {} is coloured, accepted: a grey picture, as the model's are",
            path, i / channels / static_cast<std::size_t>(picture.width),
            i / channels % static_cast<std::size_t>(picture.width)));
    grey.pixels.push_back(picture.pixels[i]);
  }
  picture = std::move(grey);
}

ImageSet read_picture(const std::string& path, const DataConfig& config, int channels) {
  if (config.quantised)
    throw ConfigError(fmt::format(
        "{}: a picture holds pixels, and the model was trained on levels as stored, accepted: .npy", path));
  Image8 picture = read_png_as_stored(path);
  if (channels == 1) keep_one_channel(path, picture);
  if (!is_image_shape(1, static_cast<std::uint64_t>(picture.channels),
                      static_cast<std::uint64_t>(picture.height), static_cast<std::uint64_t>(picture.width)))
    throw ConfigError(
        fmt::format("{}: {}x{}, accepted: {}", path, picture.height, picture.width, kAcceptedImageShape));
  ImageSet images{.name = path,
                  .count = 1,
                  .channels = picture.channels,
                  .height = picture.height,
                  .width = picture.width};
  append_planes(picture, images.pixels);
  images.ids = ids_in_order(1);
  return images;
}

}  // namespace

OwnImages read_own_images(const std::string& path, const DataConfig& config, int channels) {
  OwnImages own;
  own.images =
      path.ends_with(".npy") ? read_array(path, config, channels) : read_picture(path, config, channels);
  if (own.images.channels != channels)
    throw ConfigError(fmt::format("{}: images of {} channel{}, accepted: {}, as the model's have", path,
                                  own.images.channels, own.images.channels == 1 ? "" : "s", channels));
  DataConfig coding = config;
  // 256 levels as stored and 8-bit pixels at 256 levels are coded alike.
  coding.quantised = own.images.values == stored_levels(config);
  if (coding.levels == 0 && coding.quantised) coding.binarisation.kind = BinarisationKind::kStored;
  own.coding = make_pixel_coding(coding);
  return own;
}

}  // namespace pcnn

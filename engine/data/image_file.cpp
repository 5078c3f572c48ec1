#include "engine/data/image_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/npy_images.h"
#include "engine/data/png_folder.h"
#include "engine/io/file_ending.h"
#include "engine/io/npy.h"

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

ImageSet read_pixels(const std::string& path, const DataConfig& config, int channels) {
  if (config.quantised)
    throw ConfigError(fmt::format(
        "{}: a picture holds pixels, and the model was trained on levels as stored, accepted: .npy", path));
  return read_pictures(path, channels);
}

}  // namespace

OwnImages read_own_images(const std::string& path, const DataConfig& config, int channels) {
  OwnImages own;
  own.images =
      has_ending(path, ".npy") ? read_array(path, config, channels) : read_pixels(path, config, channels);
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

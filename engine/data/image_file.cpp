#include "engine/data/image_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/npy_images.h"
#include "engine/data/png_folder.h"
#include "engine/io/npy.h"

namespace pcnn {
namespace {

int stored_levels(const DataConfig& config) {
  return config.levels > 0 ? config.levels : 2;
}

ImageSet read_array(const std::string& path, const DataConfig& config) {
  const NpyArray array = read_npy(path);
  const NpyDtype& dtype = array.dtype();
  const bool bytes = dtype.kind == 'u' && dtype.byte_size == 1;
  if (!bytes && dtype.kind != 'b' && !(dtype.kind == 'u' && dtype.byte_size == 2))
    throw FormatError(
        path, kNpyShapeAt,
        fmt::format("found {}, accepted: uint8 pixels, or levels as bool, uint8 or uint16", name_of(dtype)));
  const Shape shape = npy_images_shape(path, array.shape(), true);
  ImageSet images =
      images_of_npy(path, array, shape, bytes && !config.quantised ? 256 : stored_levels(config));
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
  own.images = path.ends_with(".npy") ? read_array(path, config) : read_pixels(path, config, channels);
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

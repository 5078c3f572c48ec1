#include "engine/data/image_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/digits.h"
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

OwnImages read_array(const std::string& path, const DataConfig& config, int channels) {
  const NpyHeader header = read_npy_header(path);
  const int levels = stored_levels(config);
  const bool bools = header.dtype.kind == 'b';
  if (bools && !config.quantised && levels > 2)
    throw FormatError(path, kNpyShapeAt,
                      fmt::format("found bool, accepted: pixels of 0 to 255, or whole numbers from 0 to {}, "
                                  "which are taken for the model's levels",
                                  levels - 1));
  const int values = config.quantised || bools ? levels : 256;
  const NpyLayout layout = npy_layout_for(channels, path, header.shape, config.arrays);
  require_memory_for_npy(path, header);
  const NpyArray array = read_npy(path);
  OwnImages own;
  own.images =
      images_of_npy(path, array, layout,
                    npy_levels(array.dtype(), values, values != 256 || config.quantised, config.arrays));
  // As pcnn-sample writes them; 8-bit pixels may be so dark, but seldom are.
  if (values != levels &&
      std::ranges::all_of(own.images.pixels, [levels](int value) { return value < levels; })) {
    own.images.values = levels;
    if (levels > 2)
      own.note = fmt::format(
          "{}: all values are below {}: taken for the model's levels, as pcnn-sample writes them; pixels so "
          "dark must come as PNG files",
          path, levels);
  }
  return own;
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
  if (has_ending(path, ".npy"))
    own = read_array(path, config, channels);
  else
    own.images = read_pixels(path, config, channels);
  if (own.images.channels != channels)
    throw ConfigError(fmt::format("{}: images of {}, accepted: {}, as the model's have", path,
                                  counted(own.images.channels, "channel"), channels));
  DataConfig coding = config;
  // 256 levels as stored and 8-bit pixels at 256 levels are coded alike.
  coding.quantised = own.images.values == stored_levels(config);
  if (coding.levels == 0 && coding.quantised) coding.binarisation.kind = BinarisationKind::kStored;
  own.coding = make_pixel_coding(coding);
  return own;
}

}  // namespace pcnn

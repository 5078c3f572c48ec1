#pragma once

// Images of the user's own, to be seen by a trained network.

#include <memory>
#include <string>

#include "engine/data/data_config.h"
#include "engine/data/image_set.h"
#include "engine/data/pixel_coding.h"

namespace pcnn {

struct OwnImages {
  ImageSet images;  // ids are positions in the file or the folder
  std::unique_ptr<const PixelCoding> coding;
};

// path: .npy, (rows, columns), (n, rows, columns) or (n, channels, rows, columns), a PNG, or a folder of them
// as list_png_folder takes it, all of one size. `config` is the run's.
//
// 8-bit pixels are coded as the run's data were. Of a .npy, uint8 are pixels, unless the run's data were
// levels as stored, or the model is binary and all values are 0 and 1; bool and uint16 are the model's levels
// as they are. Pictures are read as read_picture does. Nothing is coloured.
//
// Throws FileError, FormatError, or ConfigError where the values or channels are not what the model takes.
[[nodiscard]] OwnImages read_own_images(const std::string& path, const DataConfig& config, int channels);

}  // namespace pcnn

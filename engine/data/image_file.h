#pragma once

// Images of the user's own, to be seen by a trained network.

#include <memory>
#include <string>

#include "engine/data/data_config.h"
#include "engine/data/image_set.h"
#include "engine/data/pixel_coding.h"

namespace pcnn {

struct OwnImages {
  ImageSet images;   // ids are positions in the file or the folder
  std::string note;  // where the file does not say what its numbers are: what they were taken for
  std::unique_ptr<const PixelCoding> coding;
};

// path: .npy, (rows, columns) or an array npy_layout_for() reads, a PNG, or a folder of them as
// list_png_folder takes it, all of one size. `config` is the run's.
//
// 8-bit pixels are coded as the run's data were. The numbers of a .npy, of any type npy_levels() takes, are
// pixels, unless the run's data were levels as stored, or all are below the levels of the model (0 and 1 for
// a binary one): then they are levels as they are. Bools are levels of a binary model. Pictures are read as
// read_picture does. Nothing is coloured.
//
// Throws FileError, FormatError, or ConfigError where the values or channels are not what the model takes.
[[nodiscard]] OwnImages read_own_images(const std::string& path, const DataConfig& config, int channels);

}  // namespace pcnn

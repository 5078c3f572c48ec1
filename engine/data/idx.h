#pragma once

// The IDX format of MNIST (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"),
// integers big-endian:
//
//   byte 0  00 00     always
//   byte 2  08        type of a value: unsigned byte
//   byte 3  03        number of dimensions: images, rows, columns; 01 of a file of labels
//   byte 4  4 bytes per dimension
//   then    the values, last dimension fastest
//
// A file may be gzip-compressed, whatever its name.

#include <string>
#include <vector>

#include "engine/core/shape.h"
#include "engine/data/image_set.h"

namespace pcnn {

// ids count from 0, the name is the path. Throws FileError where it cannot be read, FormatError where the
// bytes are not an IDX file of images.
[[nodiscard]] ImageSet read_idx_images(const std::string& path);

// The labels, 0 to 255, of so many images. Throws the same, also for another number of labels.
[[nodiscard]] std::vector<int> read_idx_labels(const std::string& path, int images);

// Number and shape of the images, from the header alone.
[[nodiscard]] Shape read_idx_shape(const std::string& path);

}  // namespace pcnn

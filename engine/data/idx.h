#pragma once

// The IDX format of MNIST (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"),
// integers big-endian:
//
//   byte 0  00 00     always
//   byte 2  08        type of a value: unsigned byte
//   byte 3  03        number of dimensions: images, rows, columns
//   byte 4  4 bytes per dimension
//   byte 16 the values, last dimension fastest
//
// A file may be gzip-compressed, whatever its name.

#include <optional>
#include <string>

#include "engine/core/shape.h"
#include "engine/data/image_set.h"

namespace pcnn {

// `path`, or `path`.gz where there is no such file; none where neither exists.
[[nodiscard]] std::optional<std::string> find_idx(const std::string& path);

// Reads `path`, or `path`.gz where there is no such file. ids count from 0, the name is the path read. Throws
// FileError where neither can be read, FormatError where the bytes are not an IDX file of images.
[[nodiscard]] ImageSet read_idx_images(const std::string& path);

// Number and shape of the images, from the header alone.
[[nodiscard]] Shape read_idx_shape(const std::string& path);

}  // namespace pcnn

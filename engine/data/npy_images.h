#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/core/shape.h"
#include "engine/data/image_set.h"
#include "engine/io/npy.h"

namespace pcnn {

inline constexpr std::uint64_t kNpyShapeAt = 8;  // the byte where dtype and shape stand

// As NumPy names it: "uint16".
[[nodiscard]] std::string name_of(const NpyDtype& dtype);

// (n, rows, columns) or (n, channels, rows, columns); with `single_too`, (rows, columns) is one image. Throws
// FormatError for anything else.
[[nodiscard]] Shape npy_images_shape(const std::string& path, std::span<const std::int64_t> extents,
                                     bool single_too = false);

// The array as images of this shape, with ids_in_order. Throws ConfigError for a value that is not below
// `values`, FormatError for one that is no whole number.
[[nodiscard]] ImageSet images_of_npy(const std::string& path, const NpyArray& array, const Shape& shape,
                                     int values);

}  // namespace pcnn

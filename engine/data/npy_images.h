#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/core/shape.h"
#include "engine/data/data_config.h"
#include "engine/data/image_set.h"
#include "engine/io/npy.h"

namespace pcnn {

inline constexpr std::uint64_t kNpyShapeAt = 8;  // the byte where dtype and shape stand

// As NumPy names it: "uint16".
[[nodiscard]] std::string name_of(const NpyDtype& dtype);

// How an array holds images.
struct NpyLayout {
  Shape shape;
  bool channels_last = false;  // (n, rows, columns, channels) in the file
};

// Of a data set's file: (n, rows, columns), (n, channels, rows, columns) or (n, rows, columns, channels), or
// (n, values) where the config gives the shape of one image. Four extents that can be read in two ways, or in
// the last way only, need the config's layout. Throws FormatError for anything else.
[[nodiscard]] NpyLayout npy_layout(const std::string& path, std::span<const std::int64_t> extents,
                                   const ArrayConfig& config);

// The same for images shown to a network of so many channels, which settle what they can, whatever the config
// says. One image may come without the first extent.
[[nodiscard]] NpyLayout npy_layout_for(int channels, const std::string& path,
                                       std::span<const std::int64_t> extents, const ArrayConfig& config);

// Throws ConfigError where this machine has no memory for the file and the values made of it. Before it is
// read.
void require_memory_for_npy(const std::string& path, const NpyHeader& header);

// What the numbers of such an array must be to be pixels (quantised: levels) below `values`.
[[nodiscard]] NpyLevels npy_levels(const NpyDtype& dtype, int values, bool quantised,
                                   const ArrayConfig& config);

// The array as images, with ids_in_order. Throws ConfigError for a value that is none of these.
[[nodiscard]] ImageSet images_of_npy(const std::string& path, const NpyArray& array, const NpyLayout& layout,
                                     const NpyLevels& levels);

}  // namespace pcnn

#pragma once

#include <vector>

namespace pcnn {

enum class ArrayLayout {
  kAuto,  // channels before rows, where the shape can be nothing else
  kNchw,  // (n, channels, rows, columns)
  kNhwc,  // (n, rows, columns, channels)
};

// How images lie in an .npy array and what its numbers are: the keys of `data` that say so.
struct ArrayConfig {
  ArrayLayout layout = ArrayLayout::kAuto;
  int scale = 0;           // floats times this are values; 0: floats must be whole numbers
  std::vector<int> shape;  // of one image where the array has a row of values for each; empty: as the array's
  friend bool operator==(const ArrayConfig&, const ArrayConfig&) = default;
};

}  // namespace pcnn

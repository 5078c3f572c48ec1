#pragma once

#include <cstdint>

#include "engine/data/image_set.h"

namespace pcnn {

// Images of one set that another has too, value for value.
struct Overlap {
  int count = 0;                      // images of `test` with an equal in `train` or `validation`
  std::uint32_t test = 0, train = 0;  // ids of the first of them and of its first equal
};

// All of one image size.
[[nodiscard]] Overlap find_overlap(const ImageSet& test, const ImageSet& train, const ImageSet& validation);

}  // namespace pcnn

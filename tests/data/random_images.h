#pragma once

#include <cstdint>

#include "engine/core/shape.h"
#include "engine/data/image_set.h"
#include "tests/support/random.h"

namespace pcnn {

// Uniform values, ids in order.
inline ImageSet random_images(const Shape& shape, int values, std::uint64_t seed) {
  ImageSet images{.name = "random",
                  .count = shape.n,
                  .channels = shape.c,
                  .height = shape.h,
                  .width = shape.w,
                  .values = values,
                  .pixels = {},
                  .ids = ids_in_order(shape.n)};
  testing::Random random(seed);
  for (std::size_t i = 0; i < shape.size(); ++i)
    images.pixels.push_back(static_cast<std::uint16_t>(random.between(0, values - 1)));
  return images;
}

}  // namespace pcnn

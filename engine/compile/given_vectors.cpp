#include "engine/compile/given_vectors.h"

#include <algorithm>

namespace pcnn {
namespace {

void add_product(float factor, std::size_t count, const float* from, float* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

}  // namespace

void make_given_vectors(std::size_t images, std::size_t numbers, std::size_t maps, const float* values,
                        const float* table, float* dst) {
  std::fill_n(dst, images * maps, 0.0f);
  for (std::size_t image = 0; image < images; ++image)
    for (std::size_t k = 0; k < numbers; ++k)
      add_product(values[image * numbers + k], maps, table + k * maps, dst + image * maps);
}

void make_given_gradient(std::size_t images, std::size_t numbers, std::size_t maps, const float* values,
                         const float* sums, float* gradients) {
  std::fill_n(gradients, numbers * maps, 0.0f);
  for (std::size_t image = 0; image < images; ++image)
    for (std::size_t k = 0; k < numbers; ++k)
      add_product(values[image * numbers + k], maps, sums + image * maps, gradients + k * maps);
}

}  // namespace pcnn

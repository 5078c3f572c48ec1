#pragma once

// The vectors that given numbers make for images, and the gradient of the table that makes them.

#include <cstddef>

namespace pcnn {

// dst[image][map] = sum over k of values[image][k] * table[k][map], k ascending.
void make_given_vectors(std::size_t images, std::size_t numbers, std::size_t maps, const float* values,
                        const float* table, float* dst);

// Writes gradients[k][map] = sum over images of values[image][k] * sums[image][map], images ascending.
// sums: d(loss)/d(dst above).
void make_given_gradient(std::size_t images, std::size_t numbers, std::size_t maps, const float* values,
                         const float* sums, float* gradients);

}  // namespace pcnn

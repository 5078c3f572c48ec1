#pragma once

// How filters are taken for weight gradients, and their sums get to where they belong. Included by source
// files that are built once per instruction set.

#include <cstddef>
#include <type_traits>

#include "engine/compile/kernels/convolutions.h"

namespace pcnn {
namespace {

// Calls run(count, first) for the groups that `vectors` of filters are computed in: those of
// for_each_group(), but of a plain source two vectors at most, since the addresses of its rows would drive
// sums of three out of the registers.
template <typename Run>
void for_each_vector_group(const WeightGradient& gradient, int vectors, Run&& run) {
  if (!gradient.plain_src) return for_each_group(vectors, run);
  int vector = 0;
  for (; vector + 2 <= vectors; vector += 2) run(std::integral_constant<int, 2>{}, vector);
  if (vector < vectors) run(std::integral_constant<int, 1>{}, vector);
}

// The row of a channel and tap in the matrix of sums, in tiles of `tile_rows`: a tile has any rows of a plain
// source, else neighbouring channels of one tap.
inline int row_of_sums(const WeightGradient& gradient, int tile_rows, int channel, int tap) {
  if (gradient.plain_src) return channel * gradient.tap_count + tap;
  return (channel / tile_rows * gradient.tap_count + tap) * tile_rows + channel % tile_rows;
}

// Of `most` filters from `first` on, as far as there are any: to OIHW, and the bias. sums_of(channel, tap)
// gives those of these filters, one behind the other.
template <typename SumsOf>
void write_weight_sums(const WeightGradient& gradient, int first, int most, const float* bias_sums,
                       SumsOf&& sums_of) {
  const auto size = [](int value) { return static_cast<std::size_t>(value); };
  const int filters = gradient.filters - first < most ? gradient.filters - first : most;
  for (int filter = 0; filter < filters; ++filter) gradient.bias[first + filter] = bias_sums[first + filter];
  const std::size_t kernel = size(gradient.kernel_height * gradient.kernel_width),
                    filter_stride = size(gradient.in_channels) * kernel;
  for (int channel = 0; channel < gradient.in_channels; ++channel)
    for (int tap = 0; tap < gradient.tap_count; ++tap) {
      const float* from = sums_of(channel, tap);
      float* to = gradient.weights + size(first) * filter_stride + size(channel) * kernel +
                  size(gradient.taps[tap].row * gradient.kernel_width + gradient.taps[tap].column);
      for (int filter = 0; filter < filters; ++filter, to += filter_stride) *to = from[filter];
    }
}

}  // namespace
}  // namespace pcnn

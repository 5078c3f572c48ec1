#pragma once

// How the weight gradients' sums get to where they belong. Included by source files that are built once per
// instruction set.

#include <cstddef>

#include "engine/compile/kernels/convolutions.h"

namespace pcnn {
namespace {

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

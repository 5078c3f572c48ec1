#include "engine/compile/kernels/convolutions.h"

#include <algorithm>

#include "engine/core/index.h"

namespace pcnn {

TapReach reach_of(std::span<const KernelTap> taps) {
  TapReach reach;
  for (const KernelTap& tap : taps) {
    reach.up = std::max(reach.up, -tap.down);
    reach.down = std::max(reach.down, tap.down);
    reach.side = std::max({reach.side, tap.right, -tap.right});
  }
  return reach;
}

PlaneLayout plane_layout(const PlaneConv& conv, int lanes) {
  const auto count = [](int value) { return static_cast<std::size_t>(value); };
  const std::size_t at_once = 4 * count(lanes);
  PlaneLayout layout;
  layout.row = count(conv.width + conv.reach.side);
  layout.origin = count(conv.reach.up) * layout.row + count(conv.reach.side);
  layout.run = (count(conv.height) * layout.row + at_once - 1) / at_once * at_once;
  layout.plane = layout.origin + layout.run + count(conv.reach.down) * layout.row + count(conv.reach.side);
  return layout;
}

std::size_t plane_conv_scratch(const PlaneConv& conv, int lanes) {
  const PlaneLayout layout = plane_layout(conv, lanes);
  return layout.run + static_cast<std::size_t>(conv.in_channels) * layout.plane;
}

std::size_t weight_gradient_scratch(const WeightGradient& gradient, int lanes) {
  const auto padded = [lanes](int channels) {
    return static_cast<std::size_t>((channels + lanes - 1) / lanes * lanes);
  };
  // The bias, the weights, the image with zeros around it. A tile has four rows: those of a plain source,
  // which are not multiples of four, are filled up.
  const auto taps = static_cast<std::size_t>(gradient.tap_count);
  const auto image = static_cast<std::size_t>(gradient.in_channels) *
                     static_cast<std::size_t>(gradient.height + gradient.reach.up + gradient.reach.down) *
                     static_cast<std::size_t>(gradient.width + 2 * gradient.reach.side);
  return padded(gradient.filters) * (1 + padded(gradient.in_channels) * taps + 4) +
         (gradient.plain_src ? image : 0);
}

BlockedChunks blocked_chunks(const BlockedConv& conv, int lanes) {
  // Where taps read other pixels, the rows of a chunk are copied with zeros around them, and those above and
  // below that are read too: the copies of most chunks fill a part of the second-level cache.
  constexpr std::size_t kMostFloats = 24576;
  const auto blocks = to_index((conv.in_channels + lanes - 1) / lanes);
  BlockedChunks chunks;
  chunks.copies = conv.reach.up > 0 || conv.reach.down > 0 || conv.reach.side > 0;
  chunks.row = to_index((conv.width + 2 * conv.reach.side) * lanes);
  const int around = conv.reach.up + conv.reach.down;
  const int fitting = static_cast<int>(kMostFloats / (chunks.row * blocks)) - around;
  chunks.rows = std::clamp(fitting, std::min(1 + around, conv.height), conv.height);
  return chunks;
}

std::size_t blocked_conv_scratch(const BlockedConv& conv, int lanes) {
  const BlockedChunks chunks = blocked_chunks(conv, lanes);
  const auto blocks = to_index((conv.in_channels + lanes - 1) / lanes);
  const auto rows = to_index(chunks.rows + conv.reach.up + conv.reach.down);
  return 3 * to_index(chunks.rows * conv.width * lanes) + (chunks.copies ? rows * chunks.row * blocks : 0);
}

std::size_t blocked_weights_size(int in_channels, int filters, int taps, int lanes) {
  const auto filled = [lanes](int maps) { return to_index((maps + lanes - 1) / lanes * lanes); };
  return filled(in_channels) * filled(filters) * to_index(taps);
}

void pack_blocked_weights(int in_channels, int filters, int taps, int lanes, std::span<const float> weights,
                          float* dst) {
  const int channels = (in_channels + lanes - 1) / lanes * lanes, blocks = (filters + lanes - 1) / lanes;
  const std::size_t of_filter = to_index(in_channels) * to_index(taps);
  for (int first = 0; first < blocks; first += blocks_of_group(blocks - first)) {
    const int begin = first * lanes, end = begin + blocks_of_group(blocks - first) * lanes;
    for (int tap = 0; tap < taps; ++tap)
      for (int channel = 0; channel < channels; ++channel)
        for (int filter = begin; filter < end; ++filter)
          *dst++ = channel < in_channels && filter < filters
                       ? weights[to_index(filter) * of_filter + to_index(channel * taps + tap)]
                       : 0.0f;
  }
}

}  // namespace pcnn

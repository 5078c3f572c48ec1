#include "engine/compile/pixel/packed_conv.h"

#include <algorithm>

#include "engine/core/index.h"

namespace pcnn {
namespace {

PackedConv pack_group(const ConvStep& step, const Network& network, std::span<const float> parameters,
                      const PixelKernel& kernel, int group) {
  const Parameter& weight = network.parameters[to_index(step.op.weight)];
  const Parameter& bias = network.parameters[to_index(step.op.bias)];
  const int filters = weight.shape[0] / network.groups,
            depth = channels_of_group(step.op.in_channels, network.groups),
            panels = (filters + kernel.panel - 1) / kernel.panel;
  PackedConv packed;
  std::vector<WeightSlice> slices;
  const std::size_t tap_words = depth_words(kernel.precision, depth) * to_index(kernel.panel);
  for (const Tap& tap : step.taps)
    for (int from = 0; from < network.groups; ++from) {
      if (!reads_group(tap.groups, group, from)) continue;
      packed.taps.push_back({tap.down, tap.right, from, packed.taps.size() * tap_words});
      slices.push_back({.row = step.op.kernel_row(tap),
                        .column = step.op.kernel_column(tap),
                        .first_channel = from * depth});
    }
  packed.panel_words = packed.taps.size() * tap_words;
  packed.weights =
      pack_pixel_weights({.weights = parameters.subspan(weight.offset, weight.size),
                          .kernel = {weight.shape[0], weight.shape[1], weight.shape[2], weight.shape[3]},
                          .first = group * filters,
                          .count = filters},
                         slices, depth, kernel);
  packed.bias.resize(to_index(panels * kernel.panel), 0.0f);
  std::ranges::copy(parameters.subspan(bias.offset + to_index(group * filters), to_index(filters)),
                    packed.bias.begin());
  return packed;
}

}  // namespace

std::vector<PackedConv> pack_conv(const ConvStep& step, const Network& network,
                                  std::span<const float> parameters, const PixelKernel& kernel) {
  std::vector<PackedConv> groups;
  for (int group = 0; group < network.groups; ++group)
    groups.push_back(pack_group(step, network, parameters, kernel, group));
  return groups;
}

}  // namespace pcnn

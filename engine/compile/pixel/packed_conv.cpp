#include "engine/compile/pixel/packed_conv.h"

#include <algorithm>

#include "engine/core/index.h"

namespace pcnn {
namespace {

// A tap, and where in the kernel its weights are.
struct PlacedTap {
  Tap tap;
  int row = 0;
  int column = 0;
};

// bias: null for zeros.
PackedConv pack_group(std::span<const PlacedTap> taps, const Parameter& weight, const Parameter* bias,
                      const Network& network, std::span<const float> parameters, const PixelKernel& kernel,
                      int group) {
  const int filters = weight.shape[0] / network.groups,
            depth = channels_of_group(weight.shape[1], network.groups),
            panels = (filters + kernel.panel - 1) / kernel.panel;
  PackedConv packed;
  std::vector<WeightSlice> slices;
  const std::size_t tap_words = depth_words(kernel.precision, depth) * to_index(kernel.panel);
  for (const auto& [tap, row, column] : taps)
    for (int from = 0; from < network.groups; ++from) {
      if (!reads_group(tap.groups, group, from)) continue;
      packed.taps.push_back({tap.down, tap.right, from, packed.taps.size() * tap_words});
      slices.push_back({.row = row, .column = column, .first_channel = from * depth});
    }
  packed.weights =
      pack_pixel_weights({.weights = parameters.subspan(weight.offset, weight.size),
                          .kernel = {weight.shape[0], weight.shape[1], weight.shape[2], weight.shape[3]},
                          .first = group * filters,
                          .count = filters},
                         slices, depth, kernel);
  packed.panel_words = packed.weights.size() / to_index(panels);
  packed.bias.resize(to_index(panels * kernel.panel), 0.0f);
  if (bias)
    std::ranges::copy(parameters.subspan(bias->offset + to_index(group * filters), to_index(filters)),
                      packed.bias.begin());
  return packed;
}

}  // namespace

std::vector<PackedConv> pack_conv(const ConvStep& step, const Network& network,
                                  std::span<const float> parameters, const PixelKernel& kernel) {
  std::vector<PlacedTap> taps;
  for (const Tap& tap : step.taps) taps.push_back({tap, step.op.kernel_row(tap), step.op.kernel_column(tap)});
  std::vector<PackedConv> groups;
  for (int group = 0; group < network.groups; ++group)
    groups.push_back(pack_group(taps, network.parameters[to_index(step.op.weight)],
                                &network.parameters[to_index(step.op.bias)], network, parameters, kernel,
                                group));
  return groups;
}

std::vector<PackedConv> pack_states(const LstmStep& step, const Network& network,
                                    std::span<const float> parameters, const PixelKernel& kernel) {
  std::vector<PlacedTap> taps;
  for (const Tap& tap : step.op.states()) taps.push_back({tap, 0, static_cast<int>(taps.size())});
  std::vector<PackedConv> groups;
  for (int group = 0; group < network.groups; ++group)
    groups.push_back(pack_group(taps, network.parameters[to_index(step.op.weight)], nullptr, network,
                                parameters, kernel, group));
  return groups;
}

}  // namespace pcnn

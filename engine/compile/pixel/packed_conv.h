#pragma once

// The weights of a convolution as the sampler's product reads them. The taps and their order come from the
// step; the packed weights and what runs over them follow the one list made here.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/compile/steps.h"
#include "engine/model/network.h"

namespace pcnn {

// What computes the maps of one channel group: of every tap, the groups it reads for it.
struct PackedConv {
  struct GroupTap {
    int down = 0;
    int right = 0;
    int from = 0;            // channel group of the source
    std::size_t offset = 0;  // of its weights in a panel, words
  };
  std::vector<GroupTap> taps;  // in the step's order, groups ascending
  std::vector<std::uint32_t> weights;
  std::size_t panel_words = 0;
  std::vector<float> bias;  // filled up to whole panels
};

// Of an LSTM's states to its gates, for every channel group: without a bias.
[[nodiscard]] std::vector<PackedConv> pack_states(const LstmStep& step, const Network& network,
                                                  std::span<const float> parameters,
                                                  const PixelKernel& kernel);

// For every channel group. parameters: the flat f32 masters.
[[nodiscard]] std::vector<PackedConv> pack_conv(const ConvStep& step, const Network& network,
                                                std::span<const float> parameters, const PixelKernel& kernel);

}  // namespace pcnn

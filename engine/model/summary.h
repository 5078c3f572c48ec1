#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

// One convolution of the network, with the activation after it.
struct LayerSummary {
  std::string name{};
  std::string mask{};          // "A" or "B"; "" for an addition
  std::string kernel{};        // "7x7"
  Shape output{};              // of one image
  std::size_t parameters = 0;  // with bias
  std::size_t live_parameters = 0;
  std::uint64_t multiply_adds = 0;  // of live taps, one image, forward
};

[[nodiscard]] std::vector<LayerSummary> summarise_layers(const Network& network);

// The layers as a table with a line of totals, then parameters and receptive field in words; ends with a
// newline.
[[nodiscard]] std::string network_table(const Network& network);

}  // namespace pcnn

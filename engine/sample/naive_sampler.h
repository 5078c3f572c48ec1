#pragma once

// The textbook sampler: one forward pass of the whole canvas for every pixel. The reference others are
// checked against.
//
//     1 1 1 1 1      1 drawn already
//     1 1 x 0 0      x drawn next, from the logits at x
//     0 0 0 0 0      0 not drawn yet; the masks see to it that these do not matter

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"

namespace pcnn {

// Draws `chains` images, [chain][channel][row][column] as fed to the network, pixel by pixel in raster order,
// one chain per task. A chain's image depends on (parameters, seed, chain index) only.
[[nodiscard]] std::vector<float> sample_naively(const Network& network, const OutputHead& head,
                                                std::span<const float> parameters, int chains,
                                                std::uint64_t seed, const Workers& workers);

}  // namespace pcnn

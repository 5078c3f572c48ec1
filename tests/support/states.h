#pragma once

#include <span>
#include <vector>

#include "engine/model/network.h"
#include "engine/model/output_head.h"

namespace pcnn::testing {

// All images of a tiny network, numbered: dimension i of the image, CHW, is digit i of the number in base
// head.levels().
int state_count(const Network& network, const OutputHead& head);

// The probability of each, by the network's logits and the head; given their class, where the network has a
// condition. Checks that they sum to one.
std::vector<double> state_probabilities(const Network& network, const OutputHead& head,
                                        std::span<const float> parameters, int of_class = 0);

// How often each came up among images, CHW one after the other.
std::vector<int> count_states(const Network& network, const OutputHead& head, std::span<const float> samples);

}  // namespace pcnn::testing

#pragma once

// Every image of a few binary pixels, by number: pixel p of state s is bit p of s.

#include <span>
#include <vector>

#include "engine/model/network.h"

namespace pcnn::testing {

// The model's probability of each of the 2^pixels images; fails the running test where they do not sum to
// one. For networks with a Bernoulli head and one image channel.
std::vector<double> state_probabilities(const Network& network, std::span<const float> parameters);

// How often each state is among the samples, [sample][pixel] of 0 and 1.
std::vector<int> count_states(std::span<const float> samples, int pixels);

}  // namespace pcnn::testing

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

// Distributions of the first weights. Biases and the tables of conditions start at zero: they are added, so
// that their gradients do not vanish there. No class is ahead of another; given numbers of any size change
// nothing at first, and where they are 1 for the image's class and 0 for all others, training goes as it does
// with classes.
//   Glorot: variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010);
//   He:     variance 2 / fan_in             (He et al., ICCV 2015).
// Fans count the whole kernel, dead taps too, as in Keras; normals are cut at two standard deviations and
// rescaled to the stated variance, as in Keras.
enum class Initialisation { kGlorotNormal, kGlorotUniform, kHeNormal, kHeUniform };

// The flat buffer of f32 masters, dead weights zero. A pure function of its arguments.
[[nodiscard]] std::vector<float> initial_parameters(const Network& network, Initialisation initialisation,
                                                    std::uint64_t seed);

// Parameters that show every path of the network: biases and tables of conditions are drawn too, and weights
// are scaled by their live taps and by the activation, so that signals of the order of one neither die nor
// saturate on their way through any number of layers. For checks; not meant to be trained. Dead weights are
// zero.
[[nodiscard]] std::vector<float> random_parameters(const Network& network, std::uint64_t seed);

}  // namespace pcnn

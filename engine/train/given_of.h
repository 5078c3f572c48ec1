#pragma once

// What images of a data set give to a network that is told something of each.

#include <string>
#include <string_view>

#include "engine/data/image_set.h"
#include "engine/model/given.h"
#include "engine/model/network.h"

namespace pcnn {

// What the network is to be told of every image of the set; nothing, where it has no condition.
[[nodiscard]] Given given_of(const Network& network, const ImageSet& images);

// Throws ConfigError where the images do not have it.
void require_given(const Network& network, const ImageSet& images);

// What fingerprints of its images are taken of.
[[nodiscard]] Beside beside(const Network& network);
// That in words, of a split of this name: "the train images", and what the network is told of them.
[[nodiscard]] std::string fingerprinted_images(const Network& network, std::string_view split);

}  // namespace pcnn

#pragma once

#include "engine/data/image_set.h"
#include "engine/model/given.h"
#include "engine/model/network.h"

namespace pcnn {

// What the network is to be told of every image of the set; nothing, where it has no condition.
[[nodiscard]] inline Given given_of(const Network& network, const ImageSet& images) {
  if (network.condition.classes > 0) return {.classes = images.labels};
  return {};
}

}  // namespace pcnn

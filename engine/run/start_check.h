#pragma once

#include "engine/model/network.h"
#include "engine/run/run_config.h"

namespace pcnn {

// The config's network over images of this shape, with its head and its grids of samples tried out: what a
// run refuses before it trains, once its data is there. validation_images: the grid of a network that is told
// numbers has a row for each of the first of them; at least 1. Throws ConfigError.
[[nodiscard]] Network checked_network(const RunConfig& config, const Shape& image, int validation_images);

}  // namespace pcnn

#pragma once

// Which values the trials of a sweep get.

#include <string>
#include <vector>

#include "engine/sweep/sweep_config.h"

namespace pcnn {

// A value for each parameter, in their order, as YAML.
using Assignment = std::vector<std::string>;

// In a grid the last parameter moves fastest. At random a trial's draw depends on seed, trial and place of
// the parameter, so more trials begin with those of fewer; none is drawn twice, and where lists have fewer
// combinations than there are to be trials, each is drawn once. Throws ConfigError for a grid of more than
// kMostTrials.
[[nodiscard]] std::vector<Assignment> assignments(const SweepConfig& config);

}  // namespace pcnn

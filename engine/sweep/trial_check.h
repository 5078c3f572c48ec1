#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/sweep/sweep_plan.h"
#include "engine/sweep/trial.h"

namespace pcnn {

struct CheckedTrials {
  std::vector<std::size_t> parameters;  // of each trial's network; 0 for one that has ended
  std::vector<std::string> notes;       // of the trials' configs, each once
};

// Reads the config of every trial that has not ended, its data set, and builds its network, as its run will:
// a mistake in the last of a hundred is seen before the first is trained. Throws ConfigError that names the
// first trial refused, or the refusal alone where it is that of all.
[[nodiscard]] CheckedTrials check_trials(const SweepPlan& plan, const std::vector<Trial>& trials);

}  // namespace pcnn

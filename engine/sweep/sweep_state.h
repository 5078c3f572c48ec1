#pragma once

#include <string>
#include <vector>

#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/sweep_plan.h"
#include "engine/sweep/trial.h"

namespace pcnn {

// The trials of a plan: waiting, or as sweep.json left them where the sweep has begun. Throws ConfigError
// where that was another sweep (a trial's config differs, or there were more trials), FormatError where the
// file is damaged.
[[nodiscard]] std::vector<Trial> load_trials(const SweepPlan& plan, const SweepDirectory& directory);

// Writes sweep.json; "best" is the number of the best trial so far, for run/sweep_hint.h.
void save_trials(const std::vector<Trial>& trials, const SweepPlan& plan, const SweepDirectory& directory);

}  // namespace pcnn

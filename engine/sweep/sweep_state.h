#pragma once

#include <functional>
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

// What sweep.json says now of the trials that are not `own` by their numbers; those that another process
// added come after the others. Throws as load_trials() does.
void update_trials(std::vector<Trial>& trials, const SweepPlan& plan, const SweepDirectory& directory,
                   const std::function<bool(int)>& own);

// The text of the config that the sweep began with, or went on with, for a process that joins others: that of
// the plan means the same trials. Throws ConfigError where it does not.
void check_same_config(const std::vector<Trial>& trials, const SweepPlan& plan,
                       const SweepDirectory& directory);

// Writes sweep.json; "best" is the number of the best trial so far, for run/sweep_hint.h.
void save_trials(const std::vector<Trial>& trials, const SweepPlan& plan, const SweepDirectory& directory);

}  // namespace pcnn

#pragma once

#include <vector>

#include "engine/run/best_effort.h"
#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/sweep_plan.h"
#include "engine/sweep/trial.h"

namespace pcnn {

// Writes what shows a sweep: results.csv, leaderboard.txt, parameters.svg and best.yaml, each whole. The same
// trials give the same files, whichever process writes them. What cannot be written is left out, with one
// note.
void write_results(const std::vector<Trial>& trials, const SweepPlan& plan, const SweepDirectory& directory,
                   BestEffort& best_effort);

}  // namespace pcnn

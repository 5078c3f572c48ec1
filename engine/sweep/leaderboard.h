#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/sweep_plan.h"
#include "engine/sweep/trial.h"

namespace pcnn {

// The trials, best first; then those without a value, failed ones last.
[[nodiscard]] std::vector<const Trial*> ranked(const std::vector<Trial>& trials, const Objective& objective);

// The shortest endings of the parameters' paths that tell them apart: "batch" of "train.batch".
[[nodiscard]] std::vector<std::string> short_names(const std::vector<SweptParameter>& parameters);

// A header and a line for each of these trials, in columns.
[[nodiscard]] std::string trial_table(std::span<const Trial* const> trials, const SweepPlan& plan);

// Of a sweep before it trains: each trial with its values and the parameters of its network (0: not known).
[[nodiscard]] std::string plan_table(const std::vector<Trial>& trials,
                                     const std::vector<std::size_t>& parameters, const SweepPlan& plan);

// leaderboard.txt: the table, what went wrong, and how to go on from the best.
[[nodiscard]] std::string leaderboard_text(const std::vector<Trial>& trials, const SweepPlan& plan,
                                           const SweepDirectory& directory);

// results.csv (RFC 4180 but for line ends): trial, state, the parameters by their paths, the metric and where
// it was reached, training, the score on the test split (nats/dim), the run directory, the error.
[[nodiscard]] std::string results_csv(const std::vector<Trial>& trials, const SweepPlan& plan,
                                      const SweepDirectory& directory);

// "16 trials: 5 done, 2 training, 9 waiting"
[[nodiscard]] std::string count_text(const std::vector<Trial>& trials);

}  // namespace pcnn

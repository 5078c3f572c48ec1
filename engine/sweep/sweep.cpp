#include "engine/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/io/file.h"
#include "engine/run/console.h"
#include "engine/run/interruption.h"
#include "engine/run/run_lock.h"
#include "engine/sweep/leaderboard.h"
#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/sweep_run.h"
#include "engine/sweep/sweep_state.h"

namespace pcnn {
namespace {

std::string described(const SweepPlan& plan) {
  const SweepConfig& sweep = plan.sweep;
  std::string text =
      fmt::format("{} parameters {}, {} at once", sweep.parameters.size(),
                  sweep.method == SearchMethod::kGrid ? "on a grid" : "at random", sweep.parallel);
  if (const auto& rule = sweep.early_stopping)
    text += fmt::format(", stopped early unless among the best 1/{} from epoch {}", rule->reduction_factor,
                        rule->grace);
  return text;
}

}  // namespace

void sweep(const SweepOptions& options) {
  const SweepPlan plan = plan_sweep(options);
  const SweepDirectory directory(plan.base.output, plan.base.name);
  directory.prepare();
  const RunLock lock(directory.path());
  const InterruptionGuard interruptions;
  Console console(options.verbosity);
  std::vector<Trial> trials = load_trials(plan, directory);
  console.log_to(directory.log());
  if (options.retry_failed)
    for (Trial& trial : trials)
      if (trial.state == TrialState::kFailed) trial.state = TrialState::kWaiting, trial.error.clear();
  write_file_atomic(directory.config(), plan.config_text);
  save_trials(trials, plan, directory);
  console.line(fmt::format("sweep {}: {}; {}", directory.path(), count_text(trials), described(plan)));
  SweepRun(plan, options.program, directory, lock, std::move(trials), console).run();
}

}  // namespace pcnn

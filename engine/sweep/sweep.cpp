#include "engine/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/counted.h"
#include "engine/io/file.h"
#include "engine/run/console.h"
#include "engine/run/interruption.h"
#include "engine/run/run_lock.h"
#include "engine/sweep/leaderboard.h"
#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/sweep_run.h"
#include "engine/sweep/sweep_state.h"
#include "engine/sweep/trial_check.h"

namespace pcnn {
namespace {

std::string described(const SweepPlan& plan) {
  const SweepConfig& sweep = plan.sweep;
  std::string text =
      fmt::format("{} {}, {} at once", counted(sweep.parameters.size(), "parameter"),
                  sweep.method == SearchMethod::kGrid ? "on a grid" : "at random", sweep.parallel);
  if (const auto& rule = sweep.early_stopping)
    text += fmt::format(", stopped early unless among the best 1/{} from epoch {}", rule->reduction_factor,
                        rule->grace);
  return text;
}

void retry(std::vector<Trial>& trials) {
  for (Trial& trial : trials)
    if (trial.state == TrialState::kFailed) trial.state = TrialState::kWaiting, trial.error.clear();
}

std::vector<Trial> trials_to_run(const SweepPlan& plan, const SweepDirectory& directory, bool retry_failed) {
  std::vector<Trial> trials = load_trials(plan, directory);
  if (retry_failed) retry(trials);
  return trials;
}

void describe(const SweepPlan& plan, const std::vector<Trial>& trials, const CheckedTrials& checked,
              Console& console) {
  std::string table = plan_table(trials, checked.parameters, plan);
  table.pop_back();
  console.line(table);
  console.line("dry run: every trial's config is good; nothing was trained or written");
}

}  // namespace

void sweep(const SweepOptions& options) {
  const SweepPlan plan = plan_sweep(options);
  const SweepDirectory directory(plan.base.output, plan.base.name);
  Console console(options.verbosity);
  const std::vector<Trial> planned = trials_to_run(plan, directory, options.retry_failed);
  const CheckedTrials checked = check_trials(plan, planned);
  const std::string heading =
      fmt::format("sweep {}: {}; {}", directory.path(), count_text(planned), described(plan));
  if (options.dry_run) {
    directory.check();
    console.line(heading);
    for (const std::string& note : checked.notes) console.warning("note: " + note);
    return describe(plan, planned, checked, console);
  }

  const InterruptionGuard interruptions;
  directory.prepare();
  const RunLock lock(directory.path());
  std::vector<Trial> trials = trials_to_run(plan, directory, options.retry_failed);
  console.log_to(directory.log());
  write_file_atomic(directory.config(), plan.config_text);
  save_trials(trials, plan, directory);
  console.line(heading);
  for (const std::string& note : checked.notes) console.warning("note: " + note);
  SweepRun(plan, options.program, directory, lock, std::move(trials), console).run();
}

}  // namespace pcnn

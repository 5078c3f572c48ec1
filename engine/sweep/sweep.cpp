#include "engine/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/leftovers.h"
#include "engine/run/console.h"
#include "engine/run/interruption.h"
#include "engine/run/new_directory.h"
#include "engine/run/run_directory.h"
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

// Of this sweep and of its trials, those too that are not run again. Where a trial still saves after a kill
// of its sweep, it goes on.
void remove_leftovers(const SweepDirectory& directory, const std::vector<Trial>& trials) {
  remove_leftovers_in(directory.path());
  for (const Trial& trial : trials) {
    const std::string path = directory.trial(trial.number);
    if (!std::filesystem::exists(path)) continue;
    try {
      const RunLock lock(path);
      RunDirectory::at(path).remove_leftovers();
    } catch (const Error&) {  // in use, or cannot be written to, which its run will say
    }
  }
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
  std::optional<RunLock> own;
  std::optional<NewDirectory> made;
  if (directory.has_begun())
    own.emplace(directory.path());
  else
    made.emplace(directory.path(), SweepDirectory::start_files());
  const SweepDirectory there = made ? directory.at(made->place()) : directory;
  remove_leftovers(there, planned);
  std::vector<Trial> trials = trials_to_run(plan, there, options.retry_failed);
  console.log_to(there.log(), directory.log());
  write_file_atomic(there.config(), plan.config_text);
  save_trials(trials, plan, there);
  const std::string note_of_start = made ? made->take_name() : "";
  console.line(heading);
  if (!note_of_start.empty()) console.warning(note_of_start);
  for (const std::string& note : checked.notes) console.warning("note: " + note);
  SweepRun(plan, options.program, directory, made ? made->lock() : *own, std::move(trials), console).run();
}

}  // namespace pcnn

#include "engine/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/leftovers.h"
#include "engine/run/console.h"
#include "engine/run/interruption.h"
#include "engine/run/run_directory.h"
#include "engine/run/run_lock.h"
#include "engine/sweep/leaderboard.h"
#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/sweep_member.h"
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

using Numbers = std::vector<int>;  // of trials, in order

bool contains(const Numbers& trials, const Trial& trial) {
  return std::ranges::binary_search(trials, trial.number);
}

// Whether the checkpoints of a trial that came to a result are gone, or its scores. taken: by other
// processes; one that they stop may have no checkpoint yet.
bool is_lost(const Trial& trial, const SweepDirectory& directory, const Numbers& taken) {
  if (trial.state != TrialState::kDone && trial.state != TrialState::kStopped) return false;
  if (contains(taken, trial)) return false;
  const RunDirectory run = RunDirectory::at(directory.trial(trial.number));
  try {
    return !run.can_be_resumed() || (trial.state == TrialState::kDone && !file_exists(run.results()));
  } catch (const FileError&) {  // they may be there
    return false;
  }
}

std::string note_on_lost(const std::vector<Trial>& trials, const SweepDirectory& directory,
                         const Numbers& taken) {
  std::vector<int> lost;
  for (const Trial& trial : trials)
    if (is_lost(trial, directory, taken)) lost.push_back(trial.number);
  if (lost.empty()) return "";
  return fmt::format(
      "trial {}{}: ended, but {} checkpoint or results.json is gone; --retry-failed runs {} again",
      lost.front(), lost.size() == 1 ? "" : fmt::format(" and {} more", lost.size() - 1),
      lost.size() == 1 ? "its" : "their", lost.size() == 1 ? "it" : "them");
}

// Failed trials, and those whose results are lost.
void retry(std::vector<Trial>& trials, const SweepDirectory& directory, const Numbers& taken) {
  for (Trial& trial : trials)
    if (trial.state == TrialState::kFailed || is_lost(trial, directory, taken))
      trial.state = TrialState::kWaiting, trial.error.clear();
}

// What is left of lost trials that cannot be resumed makes room for them. Returns a note on each.
std::vector<std::string> keep_remains(const std::vector<Trial>& trials, const SweepDirectory& directory,
                                      const Numbers& taken) {
  std::vector<std::string> notes;
  for (const Trial& trial : trials) {
    const std::string path = directory.trial(trial.number), kept = path + ".lost";
    if (!is_lost(trial, directory, taken) || !file_exists(path) || RunDirectory::at(path).can_be_resumed())
      continue;
    if (file_exists(kept)) continue;  // its run says what stands in its way
    rename_durably(path, kept);
    notes.push_back(fmt::format("trial {}: what is left of it is kept in {}", trial.number, kept));
  }
  return notes;
}

// Of this sweep and of its trials, those too that are not run again. Where another process trains a trial, or
// it still saves after a kill of its sweep, it goes on.
void remove_leftovers(const SweepDirectory& directory, const std::vector<Trial>& trials,
                      const Numbers& taken) {
  remove_leftovers_in(directory.path());
  for (const Trial& trial : trials) {
    const std::string path = directory.trial(trial.number);
    if (!std::filesystem::exists(path) || contains(taken, trial)) continue;
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
  std::vector<Trial> planned = load_trials(plan, directory);
  std::string note_of_lost = options.retry_failed ? "" : note_on_lost(planned, directory, {});
  if (options.retry_failed) retry(planned, directory, {});
  CheckedTrials checked = check_trials(plan, planned);
  const auto heading = [&](const std::vector<Trial>& trials) {
    return fmt::format("sweep {}: {}; {}", directory.path(), count_text(trials), described(plan));
  };
  const auto note_all = [&] {
    for (const std::string& note : checked.notes) console.warning("note: " + note);
    if (!note_of_lost.empty()) console.warning("note: " + note_of_lost);
  };
  if (options.dry_run) {
    directory.check();
    console.line(heading(planned));
    note_all();
    return describe(plan, planned, checked, console);
  }

  const InterruptionGuard interruptions;
  SweepMember member(directory, console);
  std::vector<Trial> trials;
  std::string note_of_start;
  bool has_others = false;
  {
    const TrialClaims::Turn turn = member.claims().wait_for_turn();
    const SweepDirectory there = directory.at(member.place());
    trials = load_trials(plan, there);
    const Numbers taken = member.claims().taken_elsewhere(static_cast<int>(trials.size()));
    remove_leftovers(there, trials, taken);
    if (options.retry_failed) {
      const std::vector<std::string> kept = keep_remains(trials, there, taken);
      checked.notes.insert(checked.notes.end(), kept.begin(), kept.end());
      retry(trials, there, taken);
    } else {
      note_of_lost = note_on_lost(trials, there, taken);
    }
    console.log_to(there.log(), directory.log());
    has_others = member.claims().has_others();
    if (has_others)
      check_same_config(trials, plan, there);
    else
      write_file_atomic(there.config(), plan.config_text);
    save_trials(trials, plan, there);
    note_of_start = member.begin();
    for (const int trial : taken)
      if (Trial& theirs = trials[static_cast<std::size_t>(trial) - 1]; !theirs.has_ended())
        theirs.state = TrialState::kTraining;
  }
  console.line(heading(trials) + (has_others ? "; shared with other processes at work on it" : ""));
  if (!note_of_start.empty()) console.warning(note_of_start);
  note_all();
  SweepRun(plan, options.program, directory, member, std::move(trials), console, options.ranks).run();
}

}  // namespace pcnn

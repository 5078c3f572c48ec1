#include "engine/sweep/sweep_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "engine/config/config.h"
#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/io/file.h"
#include "engine/run/interruption.h"
#include "engine/run/new_directory.h"
#include "engine/run/progress_line.h"
#include "engine/run/run_directory.h"
#include "engine/run/run_lock.h"
#include "engine/sweep/leaderboard.h"
#include "engine/sweep/parameter_picture.h"
#include "engine/sweep/sweep_state.h"
#include "engine/sweep/trial_process.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kPollInterval{50};  // between looks at the trials

// Another where read_progress() would find something new.
std::string stamp_of(const std::string& run_directory) {
  const RunDirectory directory = RunDirectory::at(run_directory);
  std::error_code error;
  const auto bytes = fs::file_size(directory.metrics(), error);
  const auto ended = fs::last_write_time(directory.results(), error).time_since_epoch().count();
  return fmt::format("{} {}", bytes, ended);
}

}  // namespace

SweepRun::SweepRun(const SweepPlan& plan, const std::string& program, const SweepDirectory& directory,
                   const RunLock& lock, std::vector<Trial> trials, Console& console, Ranks* ranks)
    : plan_(plan),
      program_(program),
      directory_(directory),
      lock_(lock),
      trials_(std::move(trials)),
      console_(console),
      write_best_effort_(lock, console) {
  const int threads = plan.base.threads, parallel = plan.sweep.parallel;
  const auto share = [&](int i) {
    return std::max(1, threads / parallel + (i < threads % parallel ? 1 : 0));
  };
  if (ranks) {
    remote_.emplace(*ranks);
    const bool is_default = threads == available_threads();
    for (int i = 0; i < parallel; ++i)
      for (int rank = 1; rank < ranks->size(); ++rank)
        slots_.push_back({.threads = is_default ? 0 : share(i), .rank = rank});
  } else {
    for (int i = 0; i < parallel; ++i) slots_.push_back({.threads = share(i)});
  }
  if (plan.sweep.early_stopping) {
    const EarlyStopping& rule = *plan.sweep.early_stopping;
    halving_.emplace(rule, rule.max.value_or(plan.base.train.epochs.value_or(1)), plan.sweep.objective);
  }
  for (Trial& trial : trials_) {
    (void)read_new_epochs(trial);
    if (halving_) (void)falls_behind(trial);  // what was decided then is in the trial's state
  }
}

void SweepRun::run() {
  try {
    work();
  } catch (const FileError&) {
    lock_.check();  // which may be why
    throw;
  }
}

void SweepRun::work() {
  write_results();
  for (;;) {
    lock_.check();
    if (const int signal = InterruptionGuard::signal(); signal != 0) stop(signal);
    bool is_busy = false;
    for (Slot& slot : slots_) {
      if (slot.process) poll(slot);
      if (!slot.process && !start_waiting_trial(slot)) continue;
      is_busy = true;
    }
    const bool is_waiting = std::ranges::count(trials_, TrialState::kWaiting, &Trial::state) > 0;
    if (!is_busy && !is_waiting) break;
    show_progress();
    std::this_thread::sleep_for(kPollInterval);
  }
  console_.clear_live();
  write_results();
  console_.line(leaderboard_text(trials_, plan_, directory_));
  const auto failed = std::ranges::count(trials_, TrialState::kFailed, &Trial::state);
  const auto diverged = std::ranges::count(trials_, TrialState::kDiverged, &Trial::state);
  if (failed + diverged == 0) return;
  const Trial& first = *std::ranges::find_if(trials_, &Trial::has_failed);
  if (failed + diverged == static_cast<std::ptrdiff_t>(trials_.size()))
    throw ConfigError(fmt::format("{}: all trials {}; the first: {}", directory_.path(),
                                  failed > 0 ? "failed" : "diverged", first.error));
  std::string what = failed > 0 ? fmt::format("{} failed (--retry-failed runs such again)", failed) : "";
  if (diverged > 0) what += fmt::format("{}{} diverged", what.empty() ? "" : ", ", diverged);
  throw SomeTrialsFailed(fmt::format("{}: of {} {}; trial {}: {}", directory_.path(),
                                     counted(trials_.size(), "trial"), what, first.number, first.error));
}

bool SweepRun::start_waiting_trial(Slot& slot) {
  if (InterruptionGuard::signal() != 0) return false;
  const auto next = std::ranges::find_if(
      trials_, [&](const Trial& trial) { return trial.state == TrialState::kWaiting && can_start(trial); });
  if (next == trials_.end()) return false;
  slot.trial = static_cast<std::size_t>(next - trials_.begin());
  start(slot, *next);
  next->state = TrialState::kTraining;
  return true;
}

void SweepRun::start(Slot& slot, const Trial& trial) {
  std::vector<std::string> arguments = arguments_for(trial);
  const std::string log = directory_.trial_log(trial.number);
  if (slot.rank > 0) {
    slot.process = remote_->start(slot.rank, program_, arguments, log, slot.threads, plan_.sweep.parallel);
    return;
  }
  arguments.push_back("threads=" + std::to_string(slot.threads));
  slot.process = std::make_unique<TrialProcess>(program_, arguments, log);
}

// After a kill, the trials of then may still be saving.
bool SweepRun::can_start(const Trial& trial) {
  const std::string path = directory_.trial(trial.number);
  try {
    for (const std::string& place : {path, starting_name(path)})
      if (file_exists(place)) RunLock::check_free(place, path);
    return true;
  } catch (const FileError&) {
    return true;  // its run says why it cannot be made
  } catch (const ConfigError& error) {
    if (!std::exchange(in_use_[trial.number], true)) console_.line(error.what());
    return false;
  }
}

// But for its threads.
std::vector<std::string> SweepRun::arguments_for(const Trial& trial) const {
  std::vector<std::string> arguments{"--progress", "1"};
  const std::string path = directory_.trial(trial.number);
  if (RunDirectory::at(path).can_be_resumed()) {
    arguments.insert(arguments.end(), {"--resume", path});
  } else {
    arguments.push_back(directory_.config());
    arguments.insert(arguments.end(), plan_.fixed.begin(), plan_.fixed.end());
    for (std::string& own : plan_.overrides(trial.values)) arguments.push_back(std::move(own));
    arguments.push_back("name=" + SweepDirectory::trial_name(trial.number));
    arguments.push_back("output=" + yaml_text(directory_.path()));
  }
  return arguments;
}

void SweepRun::poll(Slot& slot) {
  Trial& trial = trials_[slot.trial];
  const std::optional<int> exit_code =
      slot.process->exit_code();  // first, so that nothing is written after the look
  const bool has_news = read_new_epochs(trial);
  if (has_news && !exit_code && trial.state == TrialState::kTraining && halving_ && falls_behind(trial)) {
    trial.state = TrialState::kStopped;
    save_trials(trials_, plan_, directory_);
    slot.process->interrupt(InterruptionCause::kOutrun);
  }
  if (exit_code) finish(slot, *exit_code);
  if (has_news || exit_code) write_results();
}

bool SweepRun::read_new_epochs(Trial& trial) {
  const std::string path = directory_.trial(trial.number);
  std::string stamp = stamp_of(path);
  if (stamp == read_[trial.number]) return false;
  read_[trial.number] = std::move(stamp);  // of before the reading
  TrialProgress now = read_progress(path, plan_.sweep.objective);
  if (!now.notes.empty() && !std::exchange(has_notes_[trial.number], true))
    for (const std::string& note : now.notes) console_.warning(note);
  const bool has_news =
      now.epochs != trial.progress.epochs || now.test_nats_per_dim != trial.progress.test_nats_per_dim;
  trial.progress = std::move(now);
  return has_news;
}

bool SweepRun::falls_behind(const Trial& trial) {
  bool falls = false;
  for (std::int64_t& epoch = judged_[trial.number]; epoch < trial.progress.epochs;) {
    ++epoch;
    if (!halving_->is_rung(epoch)) continue;
    const std::optional<double> value = best_until(trial.progress, plan_.sweep.objective, epoch);
    if (value)
      falls = !halving_->goes_on(epoch, *value) || falls;
    else
      console_.warning(fmt::format("{}; early stopping does not judge the trial there",
                                   note_on_missing(RunDirectory::at(directory_.trial(trial.number)).metrics(),
                                                   trial.progress.metrics, epoch)));
  }
  return falls;
}

void SweepRun::finish(Slot& slot, int exit_code) {
  Trial& trial = trials_[slot.trial];
  slot.process.reset();
  if (trial.state == TrialState::kTraining) {
    // The signal that is to end this may have reached the trial first: it is saved, and goes on.
    const bool is_interrupted = exit_code > 128 && InterruptionGuard::signal() != 0;
    trial.state = exit_code == 0            ? TrialState::kDone
                  : is_interrupted          ? TrialState::kWaiting
                  : trial.progress.diverged ? TrialState::kDiverged
                                            : TrialState::kFailed;
    if (trial.has_failed()) trial.error = last_log_line(trial);
    if (trial.has_failed() && trial.error.empty())
      trial.error = fmt::format("ended with exit code {} and no word", exit_code);
  }
  save_trials(trials_, plan_, directory_);
  console_.line(result_line(trial));
}

void SweepRun::stop(int signal) {
  console_.clear_live();
  for (Slot& slot : slots_)
    if (slot.process) slot.process->interrupt(InterruptionCause::kNone);
  for (Slot& slot : slots_) {
    if (!slot.process) continue;
    while (!slot.process->exit_code()) std::this_thread::sleep_for(kPollInterval);
    Trial& trial = trials_[slot.trial];
    // One that came to its end in the meantime is not begun again.
    if (trial.state == TrialState::kTraining)
      trial.state = *slot.process->exit_code() == 0 ? TrialState::kDone : TrialState::kWaiting;
    (void)read_new_epochs(trial);
    slot.process.reset();
  }
  save_trials(trials_, plan_, directory_);
  write_results();
  throw Interrupted(signal,
                    fmt::format("interrupted; {}, all saved: the same command goes on", count_text(trials_)));
}

void SweepRun::write_results() {
  save_trials(trials_, plan_, directory_);  // names the best
  const auto write = [&](const std::string& path, const auto& text) {
    write_best_effort_([&] { write_file_atomic(path, text()); });
  };
  write(directory_.csv(), [&] { return results_csv(trials_, plan_, directory_); });
  write(directory_.leaderboard(), [&] { return leaderboard_text(trials_, plan_, directory_); });
  write(directory_.picture(), [&] { return parameter_picture_svg(directory_.name(), trials_, plan_); });
  write_best_effort_([&] { write_best(); });
}

void SweepRun::write_best() {
  const Trial* best = best_of(trials_, plan_.sweep.objective);
  if (!best) return;
  const std::vector<std::string> overrides{"name=" + yaml_text(directory_.name() + "_best"),
                                           "output=" + yaml_text(directory_.output()), "threads=null"};
  const ConfigDocument document =
      ConfigDocument::from_file(RunDirectory::at(directory_.trial(best->number)).config(), overrides);
  (void)read_run_config(document, "");
  write_file_atomic(directory_.best(),
                    fmt::format("# Trial {} of {}: {} {:.4f} at epoch {}.\n{}", best->number,
                                directory_.path(), plan_.sweep.objective.heading(), *best->progress.best,
                                best->progress.best_epoch, document.resolved_yaml()));
}

void SweepRun::show_progress() {
  if (!console_.wants_live()) return;
  std::string text = count_text(trials_);
  if (const Trial* best = best_of(trials_, plan_.sweep.objective))
    text += fmt::format("; best {:.4f}, trial {}", *best->progress.best, best->number);
  for (const Slot& slot : slots_)
    if (slot.process)
      text += fmt::format("\ntrial {}: {}", trials_[slot.trial].number, last_log_line(trials_[slot.trial]));
  if (console_.is_terminal()) {
    std::string table = trial_table(ranked(trials_, plan_.sweep.objective), plan_);
    table.pop_back();
    text += "\n" + table;
  }
  console_.live(text);
}

std::string SweepRun::result_line(const Trial& trial) const {
  std::string text = fmt::format("trial {}  {}", trial.number, name_of(trial.state));
  if (trial.progress.best)
    text += fmt::format("  {:.4f} at epoch {} of {}  {}", *trial.progress.best, trial.progress.best_epoch,
                        trial.progress.epochs, clock_text(trial.progress.seconds));
  const std::vector<std::string> names = short_names(plan_.sweep.parameters);
  for (std::size_t i = 0; i < names.size(); ++i) text += fmt::format("  {}={}", names[i], trial.values[i]);
  return trial.error.empty() ? text : text + "\n  " + trial.error;
}

// The last line that its run printed. On another rank it may not have begun to.
std::string SweepRun::last_log_line(const Trial& trial) const {
  constexpr std::string_view kSpeaker = "pcnn-run: ";
  constexpr std::size_t kMost = 4096;
  const std::string log = directory_.trial_log(trial.number);
  if (!file_exists(log)) return {};
  std::string text = read_text_file_end(log, kMost);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  text = text.substr(text.find_last_of('\n') + 1);
  return text.starts_with(kSpeaker) ? text.substr(kSpeaker.size()) : text;
}

}  // namespace pcnn

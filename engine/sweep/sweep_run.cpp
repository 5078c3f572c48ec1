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
#include "engine/sweep/sweep_results.h"
#include "engine/sweep/trial_process.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kPollInterval{50};  // between looks at the trials
constexpr std::chrono::seconds kLookInterval{1};        // at those of other processes
constexpr std::chrono::seconds kWriteInterval{1};       // of news that can wait

}  // namespace

SweepRun::SweepRun(const SweepPlan& plan, const std::string& program, const SweepDirectory& directory,
                   SweepMember& member, std::vector<Trial> trials, Console& console, Ranks* ranks)
    : plan_(plan),
      program_(program),
      directory_(directory),
      lock_(std::as_const(member).lock()),
      claims_(member.claims()),
      console_(console),
      trials_(plan, directory, claims_, std::move(trials), console),
      write_best_effort_(lock_, console) {
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
  for (const Trial& trial : trials_.all())
    if (halving_) (void)falls_behind(trial);  // what was decided then is in the trial's state
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
  write_all();
  for (;;) {
    check_place();
    if (const int signal = InterruptionGuard::signal(); signal != 0) stop(signal);
    if (std::chrono::steady_clock::now() - looked_at_others_ > kLookInterval) look_at_others();
    bool is_busy = false;
    for (Slot& slot : slots_) {
      if (slot.process) poll(slot);
      if (!slot.process && !start_waiting_trial(slot)) continue;
      is_busy = true;
    }
    if (!is_busy && trials_.count(TrialState::kWaiting) + trials_.count(TrialState::kTraining) == 0) break;
    if (!is_busy) wait_for_others_in_words();
    // Not for each epoch of tiny networks: others may wait for their turn.
    if (has_unwritten_news_ && std::chrono::steady_clock::now() - written_ > kWriteInterval) write_all();
    show_progress();
    std::this_thread::sleep_for(kPollInterval);
  }
  console_.clear_live();
  write_all();
  console_.line(leaderboard_text(trials_.all(), plan_, directory_));
  throw_for_failures();
}

void SweepRun::check_place() const {
  lock_.check();
  if (claims_.are_lost())
    throw ConfigError(
        fmt::format("{}: its {} was removed while it was in use, and another process may train the "
                    "same trials now",
                    directory_.path(), SweepDirectory::kClaims));
}

void SweepRun::throw_for_failures() const {
  const auto failed = trials_.count(TrialState::kFailed), diverged = trials_.count(TrialState::kDiverged);
  if (failed + diverged == 0) return;
  const std::size_t all = trials_.all().size();
  const Trial& first = *std::ranges::find_if(trials_.all(), &Trial::has_failed);
  if (failed + diverged == static_cast<std::ptrdiff_t>(all))
    throw ConfigError(fmt::format("{}: all trials {}; the first: {}", directory_.path(),
                                  failed > 0 ? "failed" : "diverged", first.error));
  std::string what = failed > 0 ? fmt::format("{} failed (--retry-failed runs such again)", failed) : "";
  if (diverged > 0) what += fmt::format("{}{} diverged", what.empty() ? "" : ", ", diverged);
  throw SomeTrialsFailed(fmt::format("{}: of {} {}; trial {}: {}", directory_.path(), counted(all, "trial"),
                                     what, first.number, first.error));
}

void SweepRun::look_at_others() {
  looked_at_others_ = std::chrono::steady_clock::now();
  for (const std::size_t index : trials_.follow_others())
    if (halving_) (void)falls_behind(trials_[index]);  // the process that trains it decides
}

void SweepRun::wait_for_others_in_words() {
  const auto theirs = trials_.count(TrialState::kTraining);
  if (theirs == 0 || std::exchange(has_said_waits_, true)) return;
  console_.line(fmt::format("waiting for {} that other processes train",
                            counted(static_cast<std::size_t>(theirs), "trial")));
}

bool SweepRun::start_waiting_trial(Slot& slot) {
  if (InterruptionGuard::signal() != 0 || trials_.count(TrialState::kWaiting) == 0) return false;
  const TrialClaims::Turn turn = claims_.wait_for_turn();
  look_at_others();
  for (std::size_t i = 0; i < trials_.all().size(); ++i) {
    Trial& trial = trials_[i];
    if (trial.state != TrialState::kWaiting || !claims_.take(trial.number)) continue;
    if (!can_start(trial)) {
      claims_.give_back(trial.number);
      continue;
    }
    // Also so that a network file system looks anew at what other machines left in the directory.
    trials_.save();
    slot.trial = i;
    start(slot, trial);
    trial.state = TrialState::kTraining;
    return true;
  }
  return false;
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
  const std::optional<int> exit_code =
      slot.process->exit_code();  // first, so that nothing is written after the look
  const bool has_news = trials_.read_new_epochs(trials_[slot.trial]);
  if (has_news && halving_) look_at_others();  // whose results count
  if (has_news && !exit_code && trials_[slot.trial].state == TrialState::kTraining && halving_ &&
      falls_behind(trials_[slot.trial])) {
    trials_[slot.trial].state = TrialState::kStopped;
    write_all();
    slot.process->interrupt(InterruptionCause::kOutrun);
  } else if (exit_code) {
    finish(slot, *exit_code);
  } else if (has_news) {
    has_unwritten_news_ = true;
  }
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
  const std::string line = result_line(trial);
  const int number = trial.number;
  write_all();
  claims_.give_back(number);  // once its end is written down
  console_.line(line);
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
    (void)trials_.read_new_epochs(trial);
    slot.process.reset();
  }
  write_all();
  throw Interrupted(
      signal, fmt::format("interrupted; {}, all saved: the same command goes on", count_text(trials_.all())));
}

void SweepRun::write_all() {
  has_unwritten_news_ = false;
  written_ = std::chrono::steady_clock::now();
  const TrialClaims::Turn turn = claims_.wait_for_turn();
  look_at_others();
  trials_.save();  // names the best
  write_results(trials_.all(), plan_, directory_, write_best_effort_);
}

void SweepRun::show_progress() {
  if (!console_.wants_live()) return;
  std::string text = count_text(trials_.all());
  if (const Trial* best = best_of(trials_.all(), plan_.sweep.objective))
    text += fmt::format("; best {:.4f}, trial {}", *best->progress.best, best->number);
  for (const Slot& slot : slots_)
    if (slot.process)
      text += fmt::format("\ntrial {}: {}", trials_[slot.trial].number, last_log_line(trials_[slot.trial]));
  if (console_.is_terminal()) {
    std::string table = trial_table(ranked(trials_.all(), plan_.sweep.objective), plan_);
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

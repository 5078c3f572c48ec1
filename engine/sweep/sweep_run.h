#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/run/best_effort.h"
#include "engine/run/console.h"
#include "engine/sweep/remote_trials.h"
#include "engine/sweep/running_trial.h"
#include "engine/sweep/successive_halving.h"
#include "engine/sweep/sweep_directory.h"
#include "engine/sweep/sweep_member.h"
#include "engine/sweep/sweep_plan.h"
#include "engine/sweep/trial.h"
#include "engine/sweep/trial_table.h"

namespace pcnn {

// Some trials failed or diverged, and the others are done.
class SomeTrialsFailed : public Error {
 public:
  using Error::Error;
  static constexpr int kExitCode = 3;
  [[nodiscard]] int exit_code() const override { return kExitCode; }
};

// Runs the trials that have not ended, several at once, and keeps the sweep's files up to date. What a trial
// is, and what was decided about it, is written down before it is acted upon: a sweep killed at any point
// goes on from there. It shares the trials with other processes at work on the sweep, and ends where all
// trials have ended: until then it may be given one back. What shows the sweep (tables, picture, best.yaml)
// and cannot be written is left out, with one note. One thread at a time; its trials are processes.
class SweepRun {
 public:
  // All must outlive this. The threads of the base config are shared out among the trials at once, one each
  // at least.
  // With ranks, each of the others has places for trials of its own, and its own threads.
  SweepRun(const SweepPlan& plan, const std::string& program, const SweepDirectory& directory,
           SweepMember& member, std::vector<Trial> trials, Console& console, Ranks* ranks = nullptr);

  // Throws Interrupted where InterruptionGuard notes a signal, with every trial saved; ConfigError where all
  // trials failed or diverged, SomeTrialsFailed where some did; LostDirectory where the sweep's directory was
  // removed, moved or replaced.
  void run();

 private:
  // A place for one trial at a time.
  struct Slot {
    int threads = 1;  // 0: a share of those of its rank
    int rank = 0;
    std::unique_ptr<RunningTrial> process{};
    std::size_t trial = 0;  // index of the one that runs
  };

  void work();
  void check_place() const;
  void look_at_others();
  void wait_for_others_in_words();
  [[nodiscard]] bool start_waiting_trial(Slot& slot);
  [[nodiscard]] bool can_start(const Trial& trial);
  void start(Slot& slot, const Trial& trial);
  [[nodiscard]] std::vector<std::string> arguments_for(const Trial& trial) const;
  void poll(Slot& slot);
  [[nodiscard]] bool falls_behind(const Trial& trial);
  void finish(Slot& slot, int exit_code);
  [[noreturn]] void stop(int signal);
  void throw_for_failures() const;
  void write_all();
  void show_progress();
  [[nodiscard]] std::string result_line(const Trial& trial) const;
  [[nodiscard]] std::string last_log_line(const Trial& trial) const;

  const SweepPlan& plan_;
  std::string program_;
  const SweepDirectory& directory_;
  const RunLock& lock_;
  TrialClaims& claims_;
  Console& console_;
  TrialTable trials_;
  BestEffort write_best_effort_;
  std::optional<SuccessiveHalving> halving_;
  std::map<int, std::int64_t> judged_;  // by trial: epochs looked at for early stopping
  std::map<int, bool> in_use_;          // trials whose run directory another process holds: said once
  bool has_said_waits_ = false;         // for the trials of other processes
  bool has_unwritten_news_ = false;
  std::chrono::steady_clock::time_point looked_at_others_{}, written_{};
  std::optional<RemoteTrials> remote_;
  std::vector<Slot> slots_;
};

}  // namespace pcnn

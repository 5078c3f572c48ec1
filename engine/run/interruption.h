#pragma once

// SIGINT (Ctrl-C), SIGTERM, SIGHUP (a terminal or connection that was closed) and SIGUSR1 (what a batch system
// can send before a job's time is over, and mpirun hands on) while a run works: the first is noted, for the run
// to end in order; a second SIGINT or SIGTERM ends the process at once. A second SIGHUP does not: a session
// that is closed sends several, and a SIGTERM with them.

#include <string>
#include <string_view>

#include "engine/core/error.h"

namespace pcnn {

// A run that ended because it was told to. Exit code 128 + signal, as shells have it: 129, 130 or 143.
class Interrupted : public Error {
 public:
  Interrupted(int signal, const std::string& message) : Error(message), signal_(signal) {}
  [[nodiscard]] int exit_code() const override { return 128 + signal_; }
  [[nodiscard]] int signal() const { return signal_; }  // 0: whoever started the run said so

 private:
  int signal_;
};

// What whoever sends a signal may say with it (sigqueue).
enum class InterruptionCause : int {
  kNone = 0,
  kOutrun = 1,  // by a sweep: its other trials did better after as many epochs
};

// What a second signal leaves in a run directory, beside an exit code: it ends the process at once, from
// within the signal handler, so all is prepared before.
struct LastWords {
  int directory_fd = -1;
  std::string line;     // appended to log.txt, with the time
  std::string results;  // the new results.json
};

// "SIGHUP", for the signals handled here.
[[nodiscard]] std::string_view name_of_signal(int signal);

// From now on these signals end the process as ever, where no guard handles them, but leave no
// half-written file. What is ignored stays so.
void tidy_up_on_signals();

// Handles these signals for its lifetime; one at a time in a process. A signal that is ignored when it begins
// stays ignored: nohup, background jobs of scripts. A SIGUSR1 that somebody handles stays theirs.
// Made and destroyed on one thread; the flags it sets may be read from any.
class InterruptionGuard {
 public:
  InterruptionGuard();
  ~InterruptionGuard();
  InterruptionGuard(const InterruptionGuard&) = delete;
  InterruptionGuard& operator=(const InterruptionGuard&) = delete;

  // The signal that came, or 0. Thread-safe.
  [[nodiscard]] static int signal();
  [[nodiscard]] static InterruptionCause cause();

  // In place of those given before; without them a second signal leaves nothing. Called by one thread at a
  // time.
  static void set_last_words(LastWords words);
  static void clear_last_words();
};

}  // namespace pcnn

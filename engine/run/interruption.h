#pragma once

// SIGINT (Ctrl-C) and SIGTERM while a run works: the first is noted, for the run to end in order; the second
// ends the process at once.

#include <string>

#include "engine/core/error.h"

namespace pcnn {

// A run that ended because it was told to. Exit code 128 + signal, as shells have it: 130 or 143.
class Interrupted : public Error {
 public:
  Interrupted(int signal, const std::string& message) : Error(message), signal_(signal) {}
  [[nodiscard]] int exit_code() const override { return 128 + signal_; }

 private:
  int signal_;
};

// Handles the two signals for its lifetime; one at a time in a process.
class InterruptionGuard {
 public:
  InterruptionGuard();
  ~InterruptionGuard();
  InterruptionGuard(const InterruptionGuard&) = delete;
  InterruptionGuard& operator=(const InterruptionGuard&) = delete;

  // The signal that came, or 0. Thread-safe.
  [[nodiscard]] static int signal();
};

}  // namespace pcnn

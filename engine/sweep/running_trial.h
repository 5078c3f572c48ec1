#pragma once

#include <optional>

#include "engine/run/interruption.h"

namespace pcnn {

// A trial that is being trained, here or elsewhere. Where it is let go it is interrupted, saves its state,
// and is waited for. One thread at a time.
class RunningTrial {
 public:
  RunningTrial() = default;
  virtual ~RunningTrial() = default;
  RunningTrial(const RunningTrial&) = delete;
  RunningTrial& operator=(const RunningTrial&) = delete;

  // The exit code once it has ended, 128 + the signal where one ended it; nothing before. Throws FileError
  // where it could not be started.
  [[nodiscard]] virtual std::optional<int> exit_code() = 0;
  // Once: a second signal would end it before it has saved.
  virtual void interrupt(InterruptionCause cause) = 0;
};

}  // namespace pcnn

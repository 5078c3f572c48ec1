#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/sweep/running_trial.h"

namespace pcnn {

// A run in a process of its own, so that whatever becomes of it, the others go on. Its process group is its
// own too: Ctrl-C reaches it through interrupt() alone. Where this process dies, the run is interrupted as by
// SIGTERM, and saves.
// One thread at a time.
class TrialProcess final : public RunningTrial {
 public:
  // Appends what the program says to the file. Throws FileError where that or the process cannot be made.
  TrialProcess(const std::string& program, const std::vector<std::string>& arguments,
               const std::string& output);
  // Interrupts what still runs, and waits for it.
  ~TrialProcess() override;
  TrialProcess(const TrialProcess&) = delete;
  TrialProcess& operator=(const TrialProcess&) = delete;

  [[nodiscard]] std::optional<int> exit_code() override;
  void interrupt(InterruptionCause cause) override;

 private:
  pid_t id_ = -1;
  bool interrupted_ = false;
  std::optional<int> exit_code_;
};

}  // namespace pcnn

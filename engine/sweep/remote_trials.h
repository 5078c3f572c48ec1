#pragma once

// Trials of a sweep on other ranks: rank 0 hands them out, each of the others trains some at once, every one
// a process on its machine. All machines share the sweep's folder.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/ranks/message.h"
#include "engine/ranks/ranks.h"
#include "engine/sweep/running_trial.h"

namespace pcnn {

// On rank 0. One thread at a time. Outlives the trials that it started.
class RemoteTrials {
 public:
  explicit RemoteTrials(Ranks& ranks) : ranks_(ranks) {}

  // As TrialProcess, on that rank. threads: 0: what `at_once` trials each have of the threads there.
  [[nodiscard]] std::unique_ptr<RunningTrial> start(int rank, const std::string& program,
                                                    const std::vector<std::string>& arguments,
                                                    const std::string& output, int threads, int at_once);

 private:
  class Trial;
  struct Ended {
    int exit_code = 0;
    std::string error;  // where it could not be started
  };
  void read_answers();

  Ranks& ranks_;
  std::uint32_t started_ = 0;
  std::map<std::uint32_t, Ended> ended_;  // by the number it was started with
};

// On the other ranks, with the rest of the first message of Job::kTrials: trains what rank 0 hands out until
// it says that this is the end.
void serve_trials(Ranks& ranks, MessageReader& first);

}  // namespace pcnn

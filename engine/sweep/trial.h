#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sweep/objective.h"
#include "engine/sweep/search.h"

namespace pcnn {

enum class TrialState {
  kWaiting,   // not begun, or begun and interrupted
  kTraining,  // while a process trains it
  kDone,      // trained to its end and scored
  kStopped,   // by early stopping
  kFailed,    // its run ended with an error
  kDiverged,  // its training diverged, and would again
};
[[nodiscard]] std::string_view name_of(TrialState state);

// How far a trial has come, read from its run directory.
struct TrialProgress {
  std::int64_t epochs = 0;                  // that have ended
  std::optional<double> best;               // of the objective, over those
  std::int64_t best_epoch = 0;              // the first that reached it
  double seconds = 0.0;                     // of training
  double images_per_second = 0.0;           // of the last epoch
  std::optional<double> test_nats_per_dim;  // of its best parameters; once it is done
  bool diverged = false;                    // that is how it ended
  std::vector<EpochMetrics> metrics;        // of the epochs
  std::vector<std::string> notes;           // what could not be read and is passed over
};

struct Trial {
  int number = 1;  // from 1
  Assignment values;
  std::string identity{};  // a checksum of its config in effect: two trials of one checksum are the same
  TrialState state = TrialState::kWaiting;
  std::string error;  // kFailed, kDiverged
  TrialProgress progress;

  // It came to no result.
  [[nodiscard]] bool has_failed() const {
    return state == TrialState::kFailed || state == TrialState::kDiverged;
  }
  [[nodiscard]] bool has_ended() const {
    return state != TrialState::kWaiting && state != TrialState::kTraining;
  }
};

// What the run directory says; nothing where there is none. What cannot be read is passed over with a note.
[[nodiscard]] TrialProgress read_progress(const std::string& run_directory, const Objective& objective);

// The best value among the first `epochs` epochs; none where their lines are missing.
[[nodiscard]] std::optional<double> best_until(const TrialProgress& progress, const Objective& objective,
                                               std::int64_t epochs);

// Which of the trials is best; none where none has a value. Failed and diverged ones do not count.
[[nodiscard]] const Trial* best_of(const std::vector<Trial>& trials, const Objective& objective);

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/sweep/objective.h"
#include "engine/sweep/search.h"

namespace pcnn {

enum class TrialState {
  kWaiting,   // not begun, or begun and interrupted
  kTraining,  // while a process trains it
  kDone,      // trained to its end and scored
  kStopped,   // by early stopping
  kFailed,    // its run ended with an error
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
};

struct Trial {
  int number = 1;  // from 1
  Assignment values;
  TrialState state = TrialState::kWaiting;
  std::string error;  // kFailed
  TrialProgress progress;

  [[nodiscard]] bool has_ended() const {
    return state == TrialState::kDone || state == TrialState::kStopped || state == TrialState::kFailed;
  }
};

// What the run directory says; nothing where there is none. Throws FormatError for a file that is damaged,
// and for metrics in the middle of being written: then ask again.
[[nodiscard]] TrialProgress read_progress(const std::string& run_directory, const Objective& objective);

// The best value among the first `epochs` epochs. There must be as many.
[[nodiscard]] double best_until(const std::string& run_directory, const Objective& objective,
                                std::int64_t epochs);

// Which of the trials is best; none where none has a value. Failed ones do not count.
[[nodiscard]] const Trial* best_of(const std::vector<Trial>& trials, const Objective& objective);

}  // namespace pcnn

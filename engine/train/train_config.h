#pragma once

// The `train` section of a config. A key that the chosen optimiser or schedule does not use is refused where
// it is given, because a silently ignored key misleads.

#include <cstdint>
#include <optional>
#include <string>

#include "engine/train/average.h"
#include "engine/train/optimiser.h"
#include "engine/train/schedule.h"

namespace pcnn {

// More steps than any run takes: the limit of budgets, and of what files say of runs.
inline constexpr std::int64_t kMostSteps = 1'000'000'000'000;

class ConfigNode;

struct TrainConfig {
  OptimiserConfig optimiser;
  ScheduleConfig schedule;
  std::optional<double> clip_norm;  // at most one of the two
  std::optional<double> clip_value;
  double input_noise = 0.0;  // see input_noise.h
  AverageConfig average;
  std::int64_t batch = 64;  // images per update
  // Budgets: at least one is set, and the first that is used up ends training. Epochs are 10 where none is
  // given and unlimited where only others are.
  std::optional<std::int64_t> epochs = 10;
  std::optional<std::int64_t> steps;
  std::optional<double> seconds;
  // Checkpoints inside an epoch, beside the one after each: whichever comes first.
  std::optional<double> checkpoint_minutes = 10.0;
  std::optional<std::int64_t> checkpoint_steps;
  // A trained model to start from, in place of model.initialisation: a run directory or a checkpoint. Empty:
  // none.
  std::string start_from;
  // Images per shard: part of the arithmetic, so results do not depend on threads. None: chosen from network
  // and batch, see shard_size.h.
  std::optional<std::int64_t> shard_images;

  // Epochs without a better validation loss after which training ends.
  std::optional<std::int64_t> patience;
  // Steps of a window, over which the loss inside epochs is reported. None: see ends_window().
  std::optional<std::int64_t> report_every;

  // Whether a window of losses ends after this step. Where report_every is not set the whole of training has
  // 50, or where its length is not known ahead (seconds), about ten each time the number of steps doubles.
  [[nodiscard]] bool ends_window(std::int64_t step, std::int64_t steps_per_epoch) const;
  // Updates until the epochs or the steps are used up, whichever is first; none where only seconds are set.
  [[nodiscard]] std::optional<std::int64_t> total_steps(std::int64_t steps_per_epoch) const;
  friend bool operator==(const TrainConfig&, const TrainConfig&) = default;
};

// Reads the keys of the section; an absent or null one takes the default above. Throws ConfigError.
[[nodiscard]] TrainConfig read_train_config(const ConfigNode& train);

}  // namespace pcnn

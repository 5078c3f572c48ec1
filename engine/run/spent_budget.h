#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/train/train_config.h"
#include "engine/train/trainer.h"

namespace pcnn {

// What ends training.
struct SpentBudget {
  std::string reason;  // "train.epochs=10 is reached"
  std::string raised;  // an override with which it goes on: "train.epochs=20"
};

// The budget of the config that is used up; none while there is something left of all.
[[nodiscard]] std::optional<SpentBudget> spent_budget(const TrainConfig& config, const Progress& progress,
                                                      std::int64_t steps_per_epoch);

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/train/train_config.h"
#include "engine/train/trainer.h"

namespace pcnn {

// What ends training: the first budget that is used up, or patience.
struct SpentBudget {
  std::string reason;  // "train.epochs=10 is reached"
  std::string raised;  // the overrides with which it goes on: "train.epochs=20"
};

// best_epoch: the one with the lowest validation loss; none before the first has been validated. Inside an
// epoch patience does not end. None while there is something left of everything.
[[nodiscard]] std::optional<SpentBudget> spent_budget(const TrainConfig& config, const Progress& progress,
                                                      std::int64_t steps_per_epoch,
                                                      std::optional<std::int64_t> best_epoch);

}  // namespace pcnn

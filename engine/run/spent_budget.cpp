#include "engine/run/spent_budget.h"

#include <fmt/format.h>

#include <string_view>

namespace pcnn {
namespace {

template <typename Number>
SpentBudget spent(std::string_view key, Number value) {
  return {.reason = fmt::format("train.{}={} is reached", key, value),
          .raised = fmt::format("train.{}={}", key, 2 * value)};
}

}  // namespace

std::optional<SpentBudget> spent_budget(const TrainConfig& config, const Progress& progress,
                                        std::int64_t steps_per_epoch,
                                        std::optional<std::int64_t> best_epoch) {
  if (config.steps && progress.step >= *config.steps) return spent("steps", *config.steps);
  if (config.epochs && progress.step >= *config.epochs * steps_per_epoch)
    return spent("epochs", *config.epochs);
  if (config.seconds && progress.seconds >= *config.seconds) return spent("seconds", *config.seconds);
  if (config.patience && best_epoch && progress.step % steps_per_epoch == 0 &&
      progress.step / steps_per_epoch - *best_epoch >= *config.patience)
    return SpentBudget{.reason = fmt::format("train.patience={}: no better validation loss since epoch {}",
                                             *config.patience, *best_epoch),
                       .raised = fmt::format("train.patience={}", 2 * *config.patience)};
  return std::nullopt;
}

}  // namespace pcnn

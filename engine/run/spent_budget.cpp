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
                                        std::int64_t steps_per_epoch) {
  if (config.steps && progress.step >= *config.steps) return spent("steps", *config.steps);
  if (config.epochs && progress.step >= *config.epochs * steps_per_epoch)
    return spent("epochs", *config.epochs);
  if (config.seconds && progress.seconds >= *config.seconds) return spent("seconds", *config.seconds);
  return std::nullopt;
}

}  // namespace pcnn

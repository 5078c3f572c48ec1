#include "engine/run/spent_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace pcnn {
namespace {

// A budget that is spent, and twice what it was, or what has been spent since.
template <typename Number>
SpentBudget spent(std::string_view key, Number budget, Number so_far) {
  return {.reason = fmt::format("train.{}={} is reached", key, budget),
          .raised = fmt::format("train.{}={}", key, 2 * std::max(budget, so_far))};
}

}  // namespace

std::optional<SpentBudget> spent_budget(const TrainConfig& config, const Progress& progress,
                                        std::int64_t steps_per_epoch,
                                        std::optional<std::int64_t> best_epoch) {
  const std::int64_t epochs = progress.step / steps_per_epoch;
  std::vector<SpentBudget> all;
  if (config.steps && progress.step >= *config.steps)
    all.push_back(spent("steps", *config.steps, progress.step));
  if (config.epochs && epochs >= *config.epochs) all.push_back(spent("epochs", *config.epochs, epochs));
  if (config.seconds && progress.seconds >= *config.seconds)
    all.push_back(spent("seconds", *config.seconds,
                        progress.seconds < 2.0 * *config.seconds ? 0.0 : std::ceil(progress.seconds)));
  if (config.patience && best_epoch && progress.step % steps_per_epoch == 0 &&
      epochs - *best_epoch >= *config.patience)
    all.push_back({.reason = fmt::format("train.patience={}: no better validation loss since epoch {}",
                                         *config.patience, *best_epoch),
                   .raised = fmt::format("train.patience={}", 2 * (epochs - *best_epoch))});
  if (all.empty()) return std::nullopt;
  for (std::size_t i = 1; i < all.size(); ++i) all.front().raised += " " + all[i].raised;
  return all.front();
}

}  // namespace pcnn

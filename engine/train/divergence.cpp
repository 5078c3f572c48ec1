#include "engine/train/divergence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/digits.h"

namespace pcnn {
namespace {

std::string message(std::int64_t step, std::optional<double> learning_rate, const std::string& what,
                    OptimiserKind optimiser) {
  if (!learning_rate)
    return fmt::format(
        "step {}: training diverged before its first step: {} (another model.initialisation may help)", step,
        what);
  return fmt::format(
      "step {}, learning rate {:.4g}: training diverged: {} (a lower train.learning_rate or train.{} may "
      "help)",
      step, *learning_rate, what, optimiser == OptimiserKind::kMuon ? "adam_learning_rate" : "clip_norm");
}

}  // namespace

DivergenceError::DivergenceError(std::int64_t step, std::optional<double> learning_rate,
                                 const std::string& what, OptimiserKind optimiser)
    : ComputeError(message(step, learning_rate, what, optimiser)) {}

double guessing_nats_per_dim(const OutputHead& head) {
  return std::log(static_cast<double>(head.levels()));
}

std::string LossReference::describe() const {
  const std::string text = fmt::format("where guessing has {:.4g}", guessing);
  return first > 2.0 * guessing ? text + fmt::format(" and the first batch had {:.4g}", first) : text;
}

bool is_diverged(double nats_per_dim, const LossReference& reference) {
  return !(nats_per_dim < kDivergenceFactor * std::max(reference.guessing, reference.first));
}

std::string why_fruitless(const ValidationProgress& progress, const LossReference& reference) {
  const double lowest = progress.lowest;
  if (lowest < kFruitlessFactor * reference.guessing || lowest < kFruitlessShare * reference.first) return "";
  if (!progress.is_last && progress.epochs_since_lowest < kFruitlessEpochs) return "";
  return fmt::format(
      "the lowest validation loss is {:.4g} nats/dim, {}, and {}", lowest, reference.describe(),
      progress.is_last
          ? "training ends here"
          : fmt::format("the last {} did not lower it", counted(progress.epochs_since_lowest, "epoch")));
}

}  // namespace pcnn

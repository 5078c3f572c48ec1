#include "engine/run/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "engine/train/divergence.h"
#include "engine/train/given_of.h"
#include "engine/train/non_finite.h"

namespace pcnn {

Score score_split(const RunParts& run, const Trainer& trainer, Scorer& scorer, std::string_view split,
                  std::span<const float> parameters, const ImageSet& images,
                  const std::function<void()>& go_on) {
  const auto fill = [&](int position, std::span<float> image) {
    go_on();
    run.coding->encode_for_evaluation(images, position, image);
  };
  const Given given = given_of(run.network, images);
  const std::vector<double> nats = scorer.nats(parameters, images.count, fill, given);
  const auto bad = std::ranges::find_if(nats, [](double value) { return !std::isfinite(value); });
  if (bad != nats.end()) {
    const auto image = static_cast<int>(bad - nats.begin());
    const std::string origin = non_finite_value(
        run.network, parameters, 1, [&](int, std::span<float> values) { fill(image, values); },
        given.part(nats.size(), static_cast<std::size_t>(image), 1));
    throw trainer.divergence(
        fmt::format("the {} loss is not finite{}", split, origin.empty() ? "" : ", beginning in " + origin));
  }
  return summarise(nats, run.network.shape(0, 1).size());
}

std::optional<BestEpoch> judge_validation(const RunParts& run, const Trainer& trainer,
                                          const Standing& standing, double nats_per_dim) {
  const LossReference reference = trainer.loss_reference();
  if (is_diverged(nats_per_dim, reference))
    throw trainer.divergence(
        fmt::format("the validation loss is {:.4g} nats/dim, {}", nats_per_dim, reference.describe()));
  const std::int64_t epoch = trainer.epoch(run.data.train.count);
  const bool is_best = !standing.best || nats_per_dim < standing.best->validation_nats_per_dim;
  Standing after = standing;
  if (is_best) after.best = BestEpoch{nats_per_dim, epoch};
  const std::string why = why_fruitless({.lowest = after.best->validation_nats_per_dim,
                                         .epochs_since_lowest = epoch - after.best->epoch,
                                         .is_last = spent_here(run, trainer, after).has_value()},
                                        reference);
  if (!why.empty()) throw trainer.divergence(why);
  return is_best ? after.best : std::nullopt;
}

}  // namespace pcnn

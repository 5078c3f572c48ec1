#include "engine/model/output_head.h"

#include <array>
#include <stdexcept>
#include <vector>

#include "engine/data/levels.h"
#include "engine/model/bernoulli_head.h"
#include "engine/model/logistic_mixture_head.h"
#include "engine/model/softmax_head.h"

namespace pcnn {

void OutputHead::pixel_nats(std::span<const float> logits, std::span<const float> targets,
                            std::span<float> nats) const {
  std::ranges::fill(nats, 0.0f);
  (void)compute_nats(logits, targets, {}, nats);
}

// The first level whose cumulative probability exceeds the number.
float OutputHead::draw(const Conditional& dimension, float temperature, float uniform) const {
  // The few levels of most models need no allocation for every draw.
  const auto count = static_cast<std::size_t>(probability_count());
  std::array<float, 1024> few;
  std::vector<float> many(count <= few.size() ? 0 : count);
  const std::span distribution = many.empty() ? std::span(few).first(count) : std::span(many);
  probabilities(dimension, temperature, distribution);
  double total = 0.0;
  for (const float probability : distribution) total += probability;
  const double wanted = uniform * total;
  double below = 0.0;
  int last = 0;  // with any probability at all, should rounding run past the end
  for (std::size_t i = 0; i < distribution.size(); ++i) {
    if (distribution[i] <= 0.0f) continue;
    last = static_cast<int>(i);
    below += distribution[i];
    if (wanted < below) break;
  }
  return value(last);
}

std::unique_ptr<const OutputHead> make_output_head(const HeadConfig& config, int image_channels) {
  if (config.forecast && config.kind != HeadKind::kLogisticMixture)
    throw std::invalid_argument("a forecast beside a head that is no mixture of logistics");
  if (config.kind == HeadKind::kBernoulli) return std::make_unique<BernoulliHead>(image_channels);
  const int most_levels = config.kind == HeadKind::kSoftmax ? kMaxLevels : kMaxMixtureLevels;
  if (config.levels < 2 || config.levels > most_levels || config.mixtures < 1)
    throw std::invalid_argument("no head of " + std::to_string(config.levels) + " levels and " +
                                std::to_string(config.mixtures) + " mixtures");
  if (config.kind == HeadKind::kSoftmax) return std::make_unique<SoftmaxHead>(config.levels, image_channels);
  return std::make_unique<LogisticMixtureHead>(config.levels, config.mixtures, image_channels,
                                               config.forecast);
}

}  // namespace pcnn

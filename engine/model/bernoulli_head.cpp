#include "engine/model/bernoulli_head.h"

#include <cmath>

#include "engine/model/value_counts.h"

namespace pcnn {
namespace {

float sigmoid(float z) {
  const float e = std::exp(-std::abs(z));  // never overflows
  return z >= 0.0f ? 1.0f / (1.0f + e) : e / (1.0f + e);
}

}  // namespace

// -log p(y | z) = max(z, 0) - z y + log(1 + exp(-|z|)), exact for any z; its derivative is sigmoid(z) - y.
double BernoulliHead::compute_nats(std::span<const float> logits, std::span<const float> targets,
                                   std::span<float> diff_logits, std::span<float> pixel_nats) const {
  double sum = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double z = logits[i], y = targets[i];
    const double nats = std::fmax(z, 0.0) - z * y + std::log1p(std::exp(-std::abs(z)));
    sum += nats;
    if (!pixel_nats.empty()) pixel_nats[i % pixel_nats.size()] += static_cast<float>(nats);
  }
  for (std::size_t i = 0; i < diff_logits.size(); ++i) diff_logits[i] = sigmoid(logits[i]) - targets[i];
  return sum;
}

std::vector<float> BernoulliHead::first_logits(std::span<const ValueCounts> channels) const {
  std::vector<float> logits;
  for (const ValueCounts& counts : channels) {
    const double on = counts.share_of_level(value(1), 2);
    logits.push_back(static_cast<float>(std::log(on / (1.0 - on))));
  }
  return logits;
}

void BernoulliHead::probabilities(const Conditional& dimension, float temperature,
                                  std::span<float> probabilities) const {
  const float logit = dimension.logits[static_cast<std::size_t>(dimension.channel)];
  if (temperature < kLeastTemperature)
    probabilities[0] = logit > 0.0f ? 1.0f : 0.0f;
  else
    probabilities[0] = sigmoid(logit / temperature);
}

float BernoulliHead::draw(const Conditional& dimension, float temperature, float uniform) const {
  float one = 0.0f;
  probabilities(dimension, temperature, {&one, 1});
  return uniform < one ? 1.0f : 0.0f;
}

}  // namespace pcnn

#include "engine/model/bernoulli_head.h"

#include <cmath>

namespace pcnn {
namespace {

float sigmoid(float z) {
  const float e = std::exp(-std::abs(z));  // never overflows
  return z >= 0.0f ? 1.0f / (1.0f + e) : e / (1.0f + e);
}

}  // namespace

// -log p(y | z) = max(z, 0) - z y + log(1 + exp(-|z|)), exact for any z; its derivative is sigmoid(z) - y.
double BernoulliHead::nats(std::span<const float> logits, std::span<const float> targets,
                           std::span<float> diff_logits) const {
  double sum = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double z = logits[i], y = targets[i];
    sum += std::fmax(z, 0.0) - z * y + std::log1p(std::exp(-std::abs(z)));
  }
  for (std::size_t i = 0; i < diff_logits.size(); ++i) diff_logits[i] = sigmoid(logits[i]) - targets[i];
  return sum;
}

float BernoulliHead::draw(std::span<const float> pixel_logits, float temperature, float uniform) const {
  return uniform < sigmoid(pixel_logits[0] / temperature) ? 1.0f : 0.0f;
}

void BernoulliHead::probabilities(std::span<const float> pixel_logits, float temperature,
                                  std::span<float> probabilities) const {
  probabilities[0] = sigmoid(pixel_logits[0] / temperature);
}

std::unique_ptr<const OutputHead> make_output_head(HeadKind kind) {
  switch (kind) {
    case HeadKind::kBernoulli:
      break;
  }
  return std::make_unique<BernoulliHead>();
}

}  // namespace pcnn

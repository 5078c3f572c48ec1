#include "engine/train/sgd.h"

namespace pcnn {

Sgd::Sgd(const OptimiserConfig& config, std::size_t parameter_count)
    : Optimiser(elementwise_pieces({0, parameter_count})), config_(config) {
  if (config.momentum > 0.0) momentum_.resize(parameter_count);
}

std::vector<OptimiserState> Sgd::state() {
  if (momentum_.empty()) return {};
  return {{"momentum", momentum_}};
}

void Sgd::update(float* parameters, const float* gradients, UpdatePiece range) {
  const float rate = learning_rate_;
  if (momentum_.empty()) {
    for (std::size_t i = range.begin; i < range.end; ++i) parameters[i] -= rate * gradients[i];
    return;
  }
  const float keep = static_cast<float>(config_.momentum);
  // Both forms step along a g + b u; plain momentum is a = 0, b = 1.
  const float gradient_share = config_.nesterov ? 1.0f : 0.0f;
  const float momentum_share = config_.nesterov ? keep : 1.0f;
  float* const momentum = momentum_.data();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const float u = keep * momentum[i] + gradients[i];
    momentum[i] = u;
    parameters[i] -= rate * (gradient_share * gradients[i] + momentum_share * u);
  }
}

}  // namespace pcnn

#include "engine/train/rmsprop.h"

#include <cmath>

namespace pcnn {

Rmsprop::Rmsprop(const OptimiserConfig& config, std::size_t parameter_count)
    : Optimiser(elementwise_pieces({0, parameter_count})), config_(config), velocity_(parameter_count) {
  if (config.momentum > 0.0) momentum_.resize(parameter_count);
}

std::vector<OptimiserState> Rmsprop::state() {
  std::vector<OptimiserState> state = {{"velocity", velocity_}};
  if (!momentum_.empty()) state.push_back({"momentum", momentum_});
  return state;
}

void Rmsprop::update(float* parameters, const float* gradients, UpdatePiece range) {
  if (momentum_.empty()) {
    update_plain(parameters, gradients, range);
  } else {
    update_with_momentum(parameters, gradients, range);
  }
}

void Rmsprop::update_plain(float* parameters, const float* gradients, UpdatePiece range) {
  const float rate = learning_rate_;
  const float rho = static_cast<float>(config_.rho), rest = static_cast<float>(1.0 - config_.rho);
  const float inside = epsilon_inside(), outside = epsilon_outside();
  float* const velocity = velocity_.data();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const float g = gradients[i];
    const float v = rho * velocity[i] + rest * (g * g);
    velocity[i] = v;
    parameters[i] -= rate * g / (std::sqrt(v + inside) + outside);
  }
}

void Rmsprop::update_with_momentum(float* parameters, const float* gradients, UpdatePiece range) {
  const float rate = learning_rate_;
  const float rho = static_cast<float>(config_.rho), rest = static_cast<float>(1.0 - config_.rho);
  const float inside = epsilon_inside(), outside = epsilon_outside();
  const float keep = static_cast<float>(config_.momentum);
  float* const velocity = velocity_.data();
  float* const momentum = momentum_.data();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const float g = gradients[i];
    const float v = rho * velocity[i] + rest * (g * g);
    const float u = keep * momentum[i] + rate * g / (std::sqrt(v + inside) + outside);
    velocity[i] = v;
    momentum[i] = u;
    parameters[i] -= u;
  }
}

}  // namespace pcnn

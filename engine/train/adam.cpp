#include "engine/train/adam.h"

#include <algorithm>
#include <cmath>

namespace pcnn {

Adam::Adam(const OptimiserConfig& config, std::vector<UpdatePiece> pieces)
    : Optimiser(std::move(pieces)), config_(config), first_(parameter_count()), second_(parameter_count()) {}

std::vector<OptimiserState> Adam::state() {
  return {{"first_moment", first_}, {"second_moment", second_}};
}

void Adam::prepare(float learning_rate) {
  const auto t = static_cast<double>(step_count());
  rate_ = static_cast<float>(learning_rate / (1.0 - std::pow(config_.beta1, t)));
  root_scale_ = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(config_.beta2, t)));
}

void Adam::update(float* parameters, const float* gradients, UpdatePiece range) {
  const float rate = rate_, root_scale = root_scale_, epsilon = static_cast<float>(config_.epsilon);
  const float beta1 = static_cast<float>(config_.beta1), rest1 = static_cast<float>(1.0 - config_.beta1);
  const float beta2 = static_cast<float>(config_.beta2), rest2 = static_cast<float>(1.0 - config_.beta2);
  float* const first = first_.data();
  float* const second = second_.data();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const float g = gradients[i];
    const float m = beta1 * first[i] + rest1 * g;
    const float v = beta2 * second[i] + rest2 * (g * g);
    first[i] = m;
    second[i] = v;
    parameters[i] -= rate * m / (root_scale * std::sqrt(v) + epsilon);
  }
}

AdamW::AdamW(const OptimiserConfig& config, std::vector<UpdatePiece> pieces,
             std::span<const Parameter> parameters)
    : Adam(config, std::move(pieces)), decay_(parameter_count()) {
  for (const Parameter& parameter : parameters)
    if (is_layer_kernel(parameter))
      std::fill_n(decay_.begin() + static_cast<std::ptrdiff_t>(parameter.offset), parameter.size,
                  static_cast<float>(config.weight_decay));
}

void AdamW::prepare(float learning_rate) {
  Adam::prepare(learning_rate);
  learning_rate_ = learning_rate;
}

void AdamW::update(float* parameters, const float* gradients, UpdatePiece range) {
  const float rate = learning_rate_;
  const float* const decay = decay_.data();
  for (std::size_t i = range.begin; i < range.end; ++i) parameters[i] -= rate * decay[i] * parameters[i];
  Adam::update(parameters, gradients, range);
}

}  // namespace pcnn

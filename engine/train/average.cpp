#include "engine/train/average.h"

#include <algorithm>
#include <cassert>

namespace pcnn {

ParameterAverage::ParameterAverage(const AverageConfig& config, std::span<const float> parameters)
    : config_(config), values_(parameters.begin(), parameters.end()) {
  assert(config.decay >= 0.0 && config.decay < 1.0);
}

void ParameterAverage::update(std::span<const float> parameters) {
  begin_update();
  update_range(parameters, 0, values_.size());
}

void ParameterAverage::begin_update() {
  const auto t = static_cast<double>(update_count_++);
  const double decay = config_.warm_up ? std::min(config_.decay, (1.0 + t) / (10.0 + t)) : config_.decay;
  weight_ = static_cast<float>(1.0 - decay);
}

void ParameterAverage::update_range(std::span<const float> parameters, std::size_t begin, std::size_t end) {
  assert(parameters.size() == values_.size() && begin <= end && end <= values_.size());
  const float weight = weight_;
  float* const values = values_.data();
  const float* const source = parameters.data();
  for (std::size_t i = begin; i < end; ++i) values[i] += weight * (source[i] - values[i]);
}

}  // namespace pcnn

#pragma once

#include <vector>

#include "engine/train/optimiser.h"

namespace pcnn {

class Rmsprop final : public Optimiser {
 public:
  Rmsprop(const OptimiserConfig& config, std::size_t parameter_count);
  std::vector<OptimiserState> state() override;

 private:
  void prepare(float learning_rate) override { learning_rate_ = learning_rate; }
  void update(float* parameters, const float* gradients, UpdatePiece range) override;
  void update_plain(float* parameters, const float* gradients, UpdatePiece range);
  void update_with_momentum(float* parameters, const float* gradients, UpdatePiece range);

  // One of the two is 0 and changes no bit of the sum it is in.
  [[nodiscard]] float epsilon_inside() const {
    return config_.epsilon_under_root ? static_cast<float>(config_.epsilon) : 0.0f;
  }
  [[nodiscard]] float epsilon_outside() const {
    return config_.epsilon_under_root ? 0.0f : static_cast<float>(config_.epsilon);
  }

  OptimiserConfig config_;
  std::vector<float> velocity_;
  std::vector<float> momentum_;  // empty without momentum
  float learning_rate_ = 0.0f;
};

}  // namespace pcnn

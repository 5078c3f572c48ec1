#pragma once

#include <vector>

#include "engine/train/optimiser.h"

namespace pcnn {

class Sgd final : public Optimiser {
 public:
  Sgd(const OptimiserConfig& config, std::size_t parameter_count);
  std::vector<OptimiserState> state() override;

 private:
  void prepare(float learning_rate) override { learning_rate_ = learning_rate; }
  void update(float* parameters, const float* gradients, UpdatePiece range) override;

  OptimiserConfig config_;
  std::vector<float> momentum_;  // empty without momentum
  float learning_rate_ = 0.0f;
};

}  // namespace pcnn

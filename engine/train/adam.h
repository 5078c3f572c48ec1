#pragma once

#include <vector>

#include "engine/train/optimiser.h"

namespace pcnn {

// Of a layer: what decays, and what muon takes for a matrix. The forecast is none.
[[nodiscard]] inline bool is_layer_kernel(const Parameter& parameter) {
  return parameter.is_kernel && !parameter.is_forecast;
}

class Adam : public Optimiser {
 public:
  Adam(const OptimiserConfig& config, std::vector<UpdatePiece> pieces);
  std::vector<OptimiserState> state() override;

 protected:
  void prepare(float learning_rate) override;
  void update(float* parameters, const float* gradients, UpdatePiece range) override;

  [[nodiscard]] const OptimiserConfig& config() const { return config_; }
  [[nodiscard]] std::span<float> first_moments() { return first_; }

 private:
  OptimiserConfig config_;
  std::vector<float> first_;
  std::vector<float> second_;
  float rate_ = 0.0f;        // learning rate / (1 - beta1^t)
  float root_scale_ = 0.0f;  // 1 / sqrt(1 - beta2^t)
};

class AdamW final : public Adam {
 public:
  AdamW(const OptimiserConfig& config, std::vector<UpdatePiece> pieces,
        std::span<const Parameter> parameters);

 private:
  void prepare(float learning_rate) override;
  void update(float* parameters, const float* gradients, UpdatePiece range) override;

  std::vector<float> decay_;  // by parameter: weight_decay, or 0 where it does not decay
  float learning_rate_ = 0.0f;
};

}  // namespace pcnn

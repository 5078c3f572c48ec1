#pragma once

#include "engine/model/output_head.h"

namespace pcnn {

// p(pixel = 1) = sigmoid(z), one logit per dimension.
class BernoulliHead final : public OutputHead {
 public:
  explicit BernoulliHead(int image_channels = 1) : channels_(image_channels) {}

  [[nodiscard]] int logit_channels() const override { return channels_; }
  [[nodiscard]] int channel_groups() const override { return channels_; }
  [[nodiscard]] int levels() const override { return 2; }
  [[nodiscard]] float value(int level) const override { return static_cast<float>(level); }
  [[nodiscard]] int level(float value) const override { return value >= 0.5f; }
  [[nodiscard]] std::vector<float> first_logits(std::span<const ValueCounts> channels) const override;
  // One number: of the value 1.
  [[nodiscard]] int probability_count() const override { return 1; }
  void probabilities(const Conditional& dimension, float temperature,
                     std::span<float> probabilities) const override;
  [[nodiscard]] float draw(const Conditional& dimension, float temperature, float uniform) const override;

 private:
  [[nodiscard]] double compute_nats(std::span<const float> logits, std::span<const float> targets,
                                    std::span<float> diff_logits, std::span<float> pixel_nats) const override;

  int channels_;
};

}  // namespace pcnn

#pragma once

#include "engine/model/quantised_head.h"

namespace pcnn {

// p(level = l) = exp(z_l) / sum over k of exp(z_k): `levels` logits per dimension, those of a channel one
// after the other, so that each channel's are a channel group.
class SoftmaxHead final : public QuantisedHead {
 public:
  SoftmaxHead(int levels, int image_channels) : QuantisedHead(levels, image_channels) {}

  [[nodiscard]] int logit_channels() const override { return levels_ * channels_; }
  [[nodiscard]] int channel_groups() const override { return channels_; }
  [[nodiscard]] std::vector<float> first_logits(std::span<const ValueCounts> channels) const override;
  void probabilities(const Conditional& dimension, float temperature,
                     std::span<float> probabilities) const override;

 private:
  // Sparse categorical cross-entropy from logits, in f32; summed in double.
  [[nodiscard]] double compute_nats(std::span<const float> logits, std::span<const float> targets,
                                    std::span<float> diff_logits, std::span<float> pixel_nats) const override;
};

}  // namespace pcnn

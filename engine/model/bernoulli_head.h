#pragma once

#include "engine/model/output_head.h"

namespace pcnn {

// p(pixel = 1) = sigmoid(z), one logit per dimension.
class BernoulliHead final : public OutputHead {
 public:
  [[nodiscard]] int logit_channels(int image_channels) const override { return image_channels; }
  [[nodiscard]] double nats(std::span<const float> logits, std::span<const float> targets,
                            std::span<float> diff_logits) const override;
  [[nodiscard]] float draw(std::span<const float> pixel_logits, float temperature,
                           float uniform) const override;
  // One number: of the value 1.
  [[nodiscard]] int probability_count() const override { return 1; }
  void probabilities(std::span<const float> pixel_logits, float temperature,
                     std::span<float> probabilities) const override;
};

}  // namespace pcnn

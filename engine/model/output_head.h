#pragma once

// The last step of the model: from logits to a distribution over each pixel's value. One file per head.

#include <memory>
#include <span>

namespace pcnn {

enum class HeadKind { kBernoulli };

class OutputHead {
 public:
  virtual ~OutputHead() = default;

  // Logit maps the network must end in, for images of this many channels.
  [[nodiscard]] virtual int logit_channels(int image_channels) const = 0;

  // Negative log-likelihood of one image in nats, summed over its dimensions. targets: pixel values as fed to
  // the network, CHW; logits: [logit channel][h][w]. Where diff_logits is not empty it receives
  // d(nats)/d(logits).
  [[nodiscard]] virtual double nats(std::span<const float> logits, std::span<const float> targets,
                                    std::span<float> diff_logits) const = 0;

  // Draws one pixel value from its logit(s) by a uniform number in [0, 1). The distribution at a temperature
  // is the one of logits / temperature; 1 is the model's own.
  [[nodiscard]] virtual float draw(std::span<const float> pixel_logits, float temperature,
                                   float uniform) const = 0;

  // How many numbers tell the distribution that draw() draws from, and those numbers.
  [[nodiscard]] virtual int probability_count() const = 0;
  virtual void probabilities(std::span<const float> pixel_logits, float temperature,
                             std::span<float> probabilities) const = 0;
};

[[nodiscard]] std::unique_ptr<const OutputHead> make_output_head(HeadKind kind);

}  // namespace pcnn

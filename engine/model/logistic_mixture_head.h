#pragma once

#include "engine/model/mixture_loss.h"
#include "engine/model/quantised_head.h"

namespace pcnn {

// A mixture of logistics over all channels of a pixel together, each component discretised to the levels:
//
//     p(x_1 .. x_C) = sum over k of pi_k  product over c of P(x_c | mu_ck, s_ck)
//     P(x | mu, s)  = sigmoid((x + h - mu) / s) - sigmoid((x - h - mu) / s)
//     mu_ck         = mean_ck + sum over j < c of tanh(coefficient_cjk) x_j
//
// With a forecast f_c of each channel the means are offsets from it, and what an earlier channel tells is how
// far it lies from its own:
//
//     mu_ck         = mean_ck + f_c + sum over j < c of tanh(coefficient_cjk) (x_j - f_j)
//
// where h is half the distance of two levels, the lowest level takes everything below it and the highest
// everything above. Log scales are at least -7 (of more than 256 levels, less by the log of (levels - 1) /
// 255). All logits of a pixel have seen earlier pixels only; its channels depend on each other through pi and
// the coefficients. Logit maps, each line `mixtures` of them: log pi (unnormalised); per channel the means,
// then the log scales; the coefficients by c, then j. Last the forecast, a map for each channel.
//
// Source: Salimans, Karpathy, Chen, Kingma, "PixelCNN++", ICLR 2017, section 2.1 and 2.2. There a bin whose
// probability is below 1e-5 gets density times width in its place, since the difference of two sigmoids is
// lost to rounding. Here the difference is taken as a product, which keeps its digits everywhere:
// sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)).
//
// It begins with components of equal weight, each in the middle of its part of the values in order, and as
// wide as that part, or where channels share it as three tenths of all: half of a logistic lies within log(3)
// scales of its mean, half of a part between its quartiles.
class LogisticMixtureHead final : public QuantisedHead {
 public:
  LogisticMixtureHead(int levels, int mixtures, int image_channels, bool forecast = false)
      : QuantisedHead(levels, image_channels),
        mixtures_(mixtures),
        forecast_(forecast),
        width_(level_width(levels)) {}

  // What log scales are at least.
  [[nodiscard]] static float least_log_scale(int levels);

  [[nodiscard]] int logit_channels() const override {
    return mixtures_ * (1 + 2 * channels_ + channels_ * (channels_ - 1) / 2) + forecast_channels();
  }
  [[nodiscard]] int forecast_channels() const override { return forecast_ ? channels_ : 0; }
  [[nodiscard]] int channel_groups() const override { return 1; }
  [[nodiscard]] std::vector<float> first_logits(std::span<const ValueCounts> channels) const override;
  void probabilities(const Conditional& dimension, float temperature,
                     std::span<float> probabilities) const override;
  [[nodiscard]] float draw(const Conditional& dimension, float temperature, float uniform) const override;

 private:
  class Mixture;

  [[nodiscard]] MixtureMaps logit_maps() const;
  [[nodiscard]] double compute_nats(std::span<const float> logits, std::span<const float> targets,
                                    std::span<float> diff_logits, std::span<float> pixel_nats) const override;

  int mixtures_;
  bool forecast_;
  LevelWidth width_;
};

}  // namespace pcnn

#pragma once

// The last step of the model: from logits to a distribution over each pixel's value. One file per head.
//
// The logit maps are split into channel_groups() equal parts. With a group for each image channel, a channel
// is predicted from its part alone, which has seen the channels before it through the network (see mask.h);
// with one group, all logits of a pixel have seen earlier pixels only.
//
// The last logit maps may be a forecast of the pixel: a value for each channel, as fed to the network, from
// earlier pixels alone, which a layer of its own computes from the image. What a head makes of it stands with
// its formula.

#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace pcnn {

class ValueCounts;

enum class HeadKind {
  kBernoulli,        // binary pixels
  kSoftmax,          // a logit for each level
  kLogisticMixture,  // discretised mixture of logistics
};

struct HeadConfig {
  HeadKind kind = HeadKind::kBernoulli;
  int levels = 2;     // of a dimension: 2 to kMaxLevels, kMaxMixtureLevels of a mixture; Bernoulli has two
  int mixtures = 10;  // of kLogisticMixture
  bool forecast = false;  // kLogisticMixture alone
};

// What one dimension's distribution is computed from.
struct Conditional {
  std::span<const float> logits;     // all of the pixel's channel group
  int channel = 0;                   // of the dimension, counted inside the group
  std::span<const float> earlier{};  // values of the group's channels before it, as fed to the network
};

// Smaller ones cannot be divided by.
inline constexpr float kLeastTemperature = std::numeric_limits<float>::min();

// Immutable after construction; const calls may be made from several threads at once.
class OutputHead {
 public:
  virtual ~OutputHead() = default;

  // Logit maps the network must end in, the forecast's among them.
  [[nodiscard]] virtual int logit_channels() const = 0;
  [[nodiscard]] virtual int forecast_channels() const { return 0; }
  [[nodiscard]] virtual int channel_groups() const = 0;

  // The values of a dimension: levels() of them, and level `i` as fed to the network.
  [[nodiscard]] virtual int levels() const = 0;
  [[nodiscard]] virtual float value(int level) const = 0;
  [[nodiscard]] virtual int level(float value) const = 0;

  // Negative log-likelihood of one image in nats, summed over its dimensions. targets: pixel values as fed to
  // the network, CHW; logits: [logit channel][h][w]. Where diff_logits is not empty it receives
  // d(nats)/d(logits).
  [[nodiscard]] double nats(std::span<const float> logits, std::span<const float> targets,
                            std::span<float> diff_logits) const {
    return compute_nats(logits, targets, diff_logits, {});
  }
  // The same by pixel, [h][w]: each summed over the pixel's channels.
  void pixel_nats(std::span<const float> logits, std::span<const float> targets, std::span<float> nats) const;

  // The logits, without the forecast's, that give every pixel about the distribution of these values.
  // channels: the image's; with a forecast its values are those of the pixels less those forecast.
  [[nodiscard]] virtual std::vector<float> first_logits(std::span<const ValueCounts> channels) const = 0;

  // How many numbers tell a dimension's distribution, and those numbers. The distribution at a temperature is
  // the one whose probabilities are those of the model to the power of 1 / temperature, normalised; of heads
  // whose logits are log-probabilities, the one of logits / temperature. At 0 (below kLeastTemperature) it is
  // the limit of that: all of it on the most probable level, the lowest of several.
  [[nodiscard]] virtual int probability_count() const = 0;
  virtual void probabilities(const Conditional& dimension, float temperature,
                             std::span<float> probabilities) const = 0;

  // Draws a value, as fed to the network, from that distribution by a uniform number in [0, 1).
  [[nodiscard]] virtual float draw(const Conditional& dimension, float temperature, float uniform) const;

 private:
  // nats(); where pixel_nats is not empty, each pixel's are added to it.
  [[nodiscard]] virtual double compute_nats(std::span<const float> logits, std::span<const float> targets,
                                            std::span<float> diff_logits,
                                            std::span<float> pixel_nats) const = 0;
};

// Throws std::invalid_argument where levels, mixtures or a forecast make no head.
[[nodiscard]] std::unique_ptr<const OutputHead> make_output_head(const HeadConfig& config,
                                                                 int image_channels = 1);

}  // namespace pcnn

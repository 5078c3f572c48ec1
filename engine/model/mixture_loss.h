#pragma once

// The loss of LogisticMixtureHead, in vectors of pixels, once per instruction set.

#include <cstddef>
#include <span>

namespace pcnn {

// Positions of the head's logit maps. Inlined always, since files for several instruction sets include this.
struct MixtureMaps {
  std::size_t mixtures = 0;
  std::size_t channels = 0;

  [[nodiscard, gnu::always_inline]] std::size_t weight(std::size_t k) const { return k; }
  [[nodiscard, gnu::always_inline]] std::size_t mean(std::size_t channel, std::size_t k) const {
    return (1 + 2 * channel) * mixtures + k;
  }
  [[nodiscard, gnu::always_inline]] std::size_t log_scale(std::size_t channel, std::size_t k) const {
    return mean(channel, k) + mixtures;
  }
  [[nodiscard, gnu::always_inline]] std::size_t coefficient(std::size_t channel, std::size_t earlier,
                                                            std::size_t k) const {
    return (1 + 2 * channels) * mixtures + pair(channel, earlier) * mixtures + k;
  }
  [[nodiscard, gnu::always_inline]] std::size_t forecast(std::size_t channel) const {
    return (1 + 2 * channels + pairs()) * mixtures + channel;
  }
  // Of two channels, in the order of the coefficients.
  [[nodiscard, gnu::always_inline]] static std::size_t pair(std::size_t channel, std::size_t earlier) {
    return channel * (channel - 1) / 2 + earlier;
  }
  [[nodiscard, gnu::always_inline]] std::size_t pairs() const { return channels * (channels - 1) / 2; }
};

// Of the levels, in units of the network's input.
struct LevelWidth {
  float half = 0.0f;             // half the distance of two
  float log_whole = 0.0f;        // log of that distance
  float least_log_scale = 0.0f;  // of a component
};
[[nodiscard]] LevelWidth level_width(int levels);

// One image.
struct MixtureLoss {
  MixtureMaps maps;
  LevelWidth width;
  bool has_forecast = false;
  std::size_t pixels = 0;
  const float* logits = nullptr;   // [map][pixel]
  const float* targets = nullptr;  // [channel][pixel]
  float* diff_logits = nullptr;    // written; null: they are not computed
  float* pixel_nats = nullptr;     // added to; null: nothing is
  float* scratch = nullptr;        // mixture_loss_scratch() floats
};
[[nodiscard]] std::size_t mixture_loss_scratch(const MixtureMaps& maps);

// The sum over all pixels in nats.
using MixtureLossKernel = double (*)(const MixtureLoss& loss);

// Those this processor can run, the best one last. Never empty.
[[nodiscard]] std::span<const MixtureLossKernel> mixture_loss_kernels();

}  // namespace pcnn

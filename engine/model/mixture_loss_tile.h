#pragma once

// The loss of mixture_loss.h, once for every vector width: as many pixels at a time as a vector has lanes.
// Included by source files that are built once per instruction set.

#include <cstddef>

#include "engine/model/logistic_component.h"
#include "engine/model/mixture_loss.h"

namespace pcnn {
namespace {

template <int kLanes, bool kDifferentiates>
class MixtureLossTile : LogisticComponent<kLanes> {
 public:
  static double nats(const MixtureLoss& loss) {
    const MixtureLossTile tile(loss);
    double total = 0.0;
    std::size_t pixel = 0;
    for (; pixel + kLanes <= loss.pixels; pixel += kLanes) total += tile.nats_of(WholeVector{pixel});
    if (pixel < loss.pixels) total += tile.nats_of(PartOfVector{pixel, loss.pixels - pixel});
    return total;
  }

 private:
  using Component = LogisticComponent<kLanes>;
  using Component::exponential, Component::larger, Component::load, Component::load_part,
      Component::logarithm, Component::store, Component::store_part, Component::tanh;
  using typename Component::Vector;

  // The pixels that are computed at once.
  struct WholeVector {
    std::size_t first = 0;
    static constexpr std::size_t count = kLanes;
    Vector load_from(const float* map) const { return load(map + first); }
    void store_to(float* map, Vector value) const { store(map + first, value); }
  };
  struct PartOfVector {
    std::size_t first = 0;
    std::size_t count = 0;
    Vector load_from(const float* map) const { return load_part(map + first, count); }
    void store_to(float* map, Vector value) const { store_part(map + first, value, count); }
  };

  // A run of vectors in the scratch.
  struct Vectors {
    float* first = nullptr;
    Vector operator[](std::size_t i) const { return load(first + i * kLanes); }
    void set(std::size_t i, Vector value) const { store(first + i * kLanes, value); }
    void add(std::size_t i, Vector value) const { set(i, (*this)[i] + value); }
  };

  explicit MixtureLossTile(const MixtureLoss& loss)
      : loss_(loss), maps_(loss.maps), components_(maps_.channels * maps_.mixtures) {
    float* next = loss.scratch;
    const auto take = [&](std::size_t vectors) {
      const Vectors taken{next};
      next += vectors * kLanes;
      return taken;
    };
    joint_ = take(maps_.mixtures);
    weights_ = take(maps_.mixtures);
    diff_means_ = take(components_);
    diff_log_scales_ = take(components_);
    slopes_ = take(maps_.pairs() * maps_.mixtures);
    residuals_ = take(maps_.channels);
    forecasts_ = take(maps_.channels);
    diff_forecasts_ = take(maps_.channels);
  }

  // In nats, and their derivatives where they are wanted.
  template <typename Pixels>
  double nats_of(const Pixels& pixels) const {
    const auto logit = [&](std::size_t map) { return pixels.load_from(loss_.logits + map * loss_.pixels); };
    for (std::size_t channel = 0; channel < maps_.channels; ++channel) {
      const Vector forecast = loss_.has_forecast ? logit(maps_.forecast(channel)) : Vector{};
      forecasts_.set(channel, forecast);
      residuals_.set(channel, pixels.load_from(loss_.targets + channel * loss_.pixels) - forecast);
    }
    for (std::size_t k = 0; k < maps_.mixtures; ++k) {
      weights_.set(k, logit(maps_.weight(k)));
      joint_.set(k, weights_[k] + log_probability(k, pixels));
    }
    const Vector log_weights = log_sum(weights_), log_joint = log_sum(joint_), nats = log_weights - log_joint;
    if constexpr (kDifferentiates) differentiate(log_weights, log_joint, pixels);
    if (loss_.pixel_nats) pixels.store_to(loss_.pixel_nats, pixels.load_from(loss_.pixel_nats) + nats);
    double total = 0.0;
    for (std::size_t i = 0; i < pixels.count; ++i) total += nats[i];
    return total;
  }

  // Of all channels under component k.
  template <typename Pixels>
  Vector log_probability(std::size_t k, const Pixels& pixels) const {
    const auto logit = [&](std::size_t map) { return pixels.load_from(loss_.logits + map * loss_.pixels); };
    Vector sum{};
    for (std::size_t channel = 0; channel < maps_.channels; ++channel) {
      Vector mean = logit(maps_.mean(channel, k)) + forecasts_[channel];
      for (std::size_t earlier = 0; earlier < channel; ++earlier) {
        const Vector slope = tanh(logit(maps_.coefficient(channel, earlier, k)));
        if constexpr (kDifferentiates) slopes_.set(maps_.pair(channel, earlier) * maps_.mixtures + k, slope);
        mean += slope * residuals_[earlier];
      }
      const Vector x = pixels.load_from(loss_.targets + channel * loss_.pixels);
      const auto part = Component::probability(x, mean, logit(maps_.log_scale(channel, k)), loss_.width);
      if constexpr (kDifferentiates) {
        diff_means_.set(channel * maps_.mixtures + k, part.diff_mean);
        diff_log_scales_.set(channel * maps_.mixtures + k, part.diff_log_scale);
      }
      sum += part.log;
    }
    return sum;
  }

  template <typename Pixels>
  void differentiate(Vector log_weights, Vector log_joint, const Pixels& pixels) const {
    const auto set = [&](std::size_t map, Vector value) {
      pixels.store_to(loss_.diff_logits + map * loss_.pixels, value);
    };
    for (std::size_t channel = 0; channel < maps_.channels; ++channel) diff_forecasts_.set(channel, Vector{});
    for (std::size_t k = 0; k < maps_.mixtures; ++k) {
      const Vector share = exponential(joint_[k] - log_joint);  // of component k, given the pixel
      set(maps_.weight(k), exponential(weights_[k] - log_weights) - share);
      for (std::size_t channel = 0; channel < maps_.channels; ++channel) {
        const Vector diff_mean = -share * diff_means_[channel * maps_.mixtures + k];
        set(maps_.mean(channel, k), diff_mean);
        diff_forecasts_.add(channel, diff_mean);
        set(maps_.log_scale(channel, k), -share * diff_log_scales_[channel * maps_.mixtures + k]);
        for (std::size_t earlier = 0; earlier < channel; ++earlier) {
          const Vector slope = slopes_[maps_.pair(channel, earlier) * maps_.mixtures + k];
          set(maps_.coefficient(channel, earlier, k),
              diff_mean * (1.0f - slope * slope) * residuals_[earlier]);
          diff_forecasts_.add(earlier, -diff_mean * slope);
        }
      }
    }
    if (loss_.has_forecast)
      for (std::size_t channel = 0; channel < maps_.channels; ++channel)
        set(maps_.forecast(channel), diff_forecasts_[channel]);
  }

  // Of all components.
  Vector log_sum(const Vectors& terms) const {
    Vector top = terms[0], sum{};
    for (std::size_t k = 1; k < maps_.mixtures; ++k) top = larger(top, terms[k]);
    for (std::size_t k = 0; k < maps_.mixtures; ++k) sum += exponential(terms[k] - top);
    return top + logarithm(sum);
  }

  const MixtureLoss& loss_;
  const MixtureMaps maps_;
  const std::size_t components_;
  // In the scratch. Of components [mixture], of channels [channel][mixture], slopes [pair][mixture], then
  // [channel].
  Vectors joint_, weights_;
  Vectors diff_means_, diff_log_scales_;
  Vectors slopes_;
  Vectors residuals_;  // what is told to later channels
  Vectors forecasts_, diff_forecasts_;
};

template <int kLanes>
double mixture_nats(const MixtureLoss& loss) {
  return loss.diff_logits ? MixtureLossTile<kLanes, true>::nats(loss)
                          : MixtureLossTile<kLanes, false>::nats(loss);
}

}  // namespace
}  // namespace pcnn

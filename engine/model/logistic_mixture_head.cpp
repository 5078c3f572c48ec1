#include "engine/model/logistic_mixture_head.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/core/simd.h"
#include "engine/model/value_counts.h"

namespace pcnn {
namespace {

constexpr std::size_t kLanes = 4;
using Lanes = Simd<kLanes>;
using Vector = Lanes::Vector;

// -7 for 256 levels, as PixelCNN++ has it and where a component can give 97 % to one level; lower for finer
// ones, to the same end.
float lowest_log_scale(float half) {
  return std::min(-7.0f, std::log(half) - 7.0f + std::log(255.0f));
}

Vector load(const float* from, std::size_t count) {
  Vector value{};
  std::memcpy(&value, from, count * sizeof(float));
  return value;
}

void store(float* to, Vector value, std::size_t count) {
  std::memcpy(to, &value, count * sizeof(float));
}

// What a component is as wide as at first, as a share of all values, where channels share it: a pixel whose
// channels lie in different parts must not be next to impossible. Of 300 images of CIFAR-10 and ten
// components 0.2 to 0.3 give the lowest loss, 0.1 as well only where channels go together.
constexpr double kFirstWidth = 0.3;

// Positions of the logit maps.
struct Maps {
  std::size_t mixtures;
  std::size_t channels;

  std::size_t weight(std::size_t k) const { return k; }
  std::size_t mean(std::size_t channel, std::size_t k) const { return (1 + 2 * channel) * mixtures + k; }
  std::size_t log_scale(std::size_t channel, std::size_t k) const { return mean(channel, k) + mixtures; }
  std::size_t coefficient(std::size_t channel, std::size_t earlier, std::size_t k) const {
    return (1 + 2 * channels + channel * (channel - 1) / 2 + earlier) * mixtures + k;
  }
  std::size_t forecast(std::size_t channel) const {
    return (1 + 2 * channels + channels * (channels - 1) / 2) * mixtures + channel;
  }
};

Vector tanh(Vector x) {
  return 1.0f - 2.0f / (Lanes::exponential(2.0f * x) + 1.0f);
}

// log(1 + exp(x)) and its derivative.
struct Softplus {
  Vector value, slope;
};
Softplus softplus(Vector x) {
  const Vector zero{};
  const Vector e = Lanes::exponential(x > zero ? -x : x);
  const Vector small = 1.0f / (1.0f + e);  // sigmoid(|x|)
  return {Lanes::larger(x, zero) + Lanes::logarithm(1.0f + e), x > zero ? small : e * small};
}

// The log-probability of a level under one component, and its derivatives.
struct Component {
  Vector log_probability, diff_mean, diff_log_scale;
};

// x: levels as fed to the network, `half` half the distance of two. Edges are recognised by whole numbers, so
// that neighbours have theirs in common to the last bit and no probability is lost or counted twice between
// them.
Component component(Vector x, Vector mean, Vector log_scale, float half) {
  const Vector zero{}, rounder = zero + 12582912.0f;  // 1.5 * 2^23: see Simd::exponential
  const auto lowest = (x < half - 1.0f), highest = (x > 1.0f - half), edge = (lowest | highest);
  const float floor = lowest_log_scale(half);
  const auto floored = (log_scale < floor);
  const Vector s = floored ? zero + floor : log_scale;
  const Vector inverse = Lanes::exponential(-s);
  const Vector twice_level = 2.0f * ((x + 1.0f) / (2.0f * half) + rounder - rounder);
  const Vector a = inverse * ((twice_level + 1.0f) * half - 1.0f - mean),
               b = inverse * ((twice_level - 1.0f) * half - 1.0f - mean), d = 2.0f * half * inverse;
  const Softplus above_a = softplus(-a), below_b = softplus(b);  // -log sigmoid(a), -log sigmoid(-b)

  // log(1 - exp(-d)) and its derivative by s; a series where the difference would lose digits.
  const auto narrow = d < 0.5f;
  const Vector e = Lanes::exponential(-d), square = d * d;
  const Vector width = narrow
                           ? std::log(2.0f * half) - s - d / 2.0f + square / 24.0f - square * square / 2880.0f
                           : Lanes::logarithm(1.0f - (narrow ? zero : e));
  const Vector diff_width =
      narrow ? d / 2.0f - 1.0f - square / 12.0f + square * square / 720.0f : -d * e / (1.0f - e + 1e-30f);

  const Vector slope_a = highest ? zero : above_a.slope, slope_b = lowest ? zero : below_b.slope;
  return {.log_probability =
              (edge ? zero : width) - (highest ? zero : above_a.value) - (lowest ? zero : below_b.value),
          .diff_mean = inverse * (slope_b - slope_a),
          .diff_log_scale = floored ? zero : (edge ? zero : diff_width) + b * slope_b - a * slope_a};
}

Vector log_sum(const std::vector<Vector>& terms) {
  Vector top = terms[0];
  for (const Vector& term : terms) top = Lanes::larger(top, term);
  Vector sum{};
  for (const Vector& term : terms) sum += Lanes::exponential(term - top);
  return top + Lanes::logarithm(sum);
}

float half_step(int levels) {
  return 1.0f / static_cast<float>(levels - 1);
}

}  // namespace

float LogisticMixtureHead::least_log_scale(int levels) {
  return lowest_log_scale(1.0f / static_cast<float>(levels - 1));
}

double LogisticMixtureHead::compute_nats(std::span<const float> logits, std::span<const float> targets,
                                         std::span<float> diff_logits, std::span<float> pixel_nats) const {
  const auto mixtures = static_cast<std::size_t>(mixtures_), channels = static_cast<std::size_t>(channels_);
  const std::size_t area = targets.size() / channels;
  const Maps maps{mixtures, channels};
  const float half = half_step(levels_);
  std::vector<Vector> weights(mixtures), joint(mixtures), x(channels), forecast(channels), residual(channels),
      diff_forecast(channels);  // residual: what is told to later channels
  std::vector<Component> components(channels * mixtures);

  double total = 0.0;
  for (std::size_t pixel = 0; pixel < area; pixel += kLanes) {
    const std::size_t count = std::min(kLanes, area - pixel);
    const auto logit = [&](std::size_t map) { return load(logits.data() + map * area + pixel, count); };
    for (std::size_t channel = 0; channel < channels; ++channel)
      x[channel] = residual[channel] = load(targets.data() + channel * area + pixel, count);
    if (forecast_)
      for (std::size_t channel = 0; channel < channels; ++channel) {
        forecast[channel] = logit(maps.forecast(channel));
        residual[channel] -= forecast[channel];
      }
    for (std::size_t k = 0; k < mixtures; ++k) {
      weights[k] = joint[k] = logit(maps.weight(k));
      for (std::size_t channel = 0; channel < channels; ++channel) {
        Vector mean = logit(maps.mean(channel, k));
        if (forecast_) mean += forecast[channel];
        for (std::size_t earlier = 0; earlier < channel; ++earlier)
          mean += tanh(logit(maps.coefficient(channel, earlier, k))) * residual[earlier];
        Component& part = components[channel * mixtures + k];
        part = component(x[channel], mean, logit(maps.log_scale(channel, k)), half);
        joint[k] += part.log_probability;
      }
    }
    const Vector log_weights = log_sum(weights), log_joint = log_sum(joint);
    const Vector nats = log_weights - log_joint;
    for (std::size_t i = 0; i < count; ++i) total += nats[i];
    if (!pixel_nats.empty())
      for (std::size_t i = 0; i < count; ++i) pixel_nats[pixel + i] += nats[i];
    if (diff_logits.empty()) continue;

    const auto set = [&](std::size_t map, Vector value) {
      store(diff_logits.data() + map * area + pixel, value, count);
    };
    std::ranges::fill(diff_forecast, Vector{});
    for (std::size_t k = 0; k < mixtures; ++k) {
      const Vector share = Lanes::exponential(joint[k] - log_joint);  // of component k, given the pixel
      set(maps.weight(k), Lanes::exponential(weights[k] - log_weights) - share);
      for (std::size_t channel = 0; channel < channels; ++channel) {
        const Component& part = components[channel * mixtures + k];
        const Vector diff_mean = -share * part.diff_mean;
        set(maps.mean(channel, k), diff_mean);
        diff_forecast[channel] += diff_mean;
        set(maps.log_scale(channel, k), -share * part.diff_log_scale);
        for (std::size_t earlier = 0; earlier < channel; ++earlier) {
          const Vector slope = tanh(logit(maps.coefficient(channel, earlier, k)));
          set(maps.coefficient(channel, earlier, k), diff_mean * (1.0f - slope * slope) * residual[earlier]);
          diff_forecast[earlier] -= diff_mean * slope;
        }
      }
    }
    if (forecast_)
      for (std::size_t channel = 0; channel < channels; ++channel)
        set(maps.forecast(channel), diff_forecast[channel]);
  }
  return total;
}

std::vector<float> LogisticMixtureHead::first_logits(std::span<const ValueCounts> channels) const {
  const Maps maps{static_cast<std::size_t>(mixtures_), static_cast<std::size_t>(channels_)};
  const float half = half_step(levels_);
  const double part = 1.0 / mixtures_, width = channels_ == 1 ? part : std::max(part, kFirstWidth);
  std::vector<float> logits(static_cast<std::size_t>(logit_channels() - forecast_channels()), 0.0f);
  for (std::size_t channel = 0; channel < channels.size(); ++channel)
    for (std::size_t k = 0; k < maps.mixtures; ++k) {
      const ValueCounts& values = channels[channel];
      // Quartiles of a part whose end would lie outside are those of what is left of it.
      const double middle = (static_cast<double>(k) + 0.5) * part, low = std::max(0.0, middle - width / 4.0),
                   high = std::min(1.0, middle + width / 4.0);
      const float distance = values.quantile(high) - values.quantile(low);
      const auto scale = static_cast<float>(distance * width / (4.0 * std::log(3.0) * (high - low)));
      logits[maps.mean(channel, k)] = values.quantile(middle);
      logits[maps.log_scale(channel, k)] = std::log(std::max(scale, half));
    }
  return logits;
}

// The components' weights given the channels before, then the mixture at every level.
void LogisticMixtureHead::probabilities(const Conditional& dimension, float temperature,
                                        std::span<float> probabilities) const {
  const auto mixtures = static_cast<std::size_t>(mixtures_),
             channel = static_cast<std::size_t>(dimension.channel);
  const Maps maps{mixtures, static_cast<std::size_t>(channels_)};
  const float half = half_step(levels_);
  const Vector zero{};
  const auto logit = [&](std::size_t map) { return zero + dimension.logits[map]; };
  const auto mean_of = [&](std::size_t of, std::size_t k) {
    Vector mean = logit(maps.mean(of, k));
    if (forecast_) mean += logit(maps.forecast(of));
    for (std::size_t earlier = 0; earlier < of; ++earlier) {
      Vector residual = zero + dimension.earlier[earlier];
      if (forecast_) residual -= logit(maps.forecast(earlier));
      mean += tanh(logit(maps.coefficient(of, earlier, k))) * residual;
    }
    return mean;
  };
  std::vector<Vector> weights(mixtures), means(mixtures);
  for (std::size_t k = 0; k < mixtures; ++k) {
    weights[k] = logit(maps.weight(k));
    for (std::size_t of = 0; of < channel; ++of)
      weights[k] +=
          component(zero + dimension.earlier[of], mean_of(of, k), logit(maps.log_scale(of, k)), half)
              .log_probability;
    means[k] = mean_of(channel, k);
  }
  const Vector log_weights = log_sum(weights);
  for (Vector& weight : weights) weight = Lanes::exponential(weight - log_weights);

  const auto levels = static_cast<std::size_t>(levels_);
  for (std::size_t first = 0; first < levels; first += kLanes) {
    const std::size_t count = std::min(kLanes, levels - first);
    Vector x{}, sum{};
    for (std::size_t i = 0; i < count; ++i) x[i] = value(static_cast<int>(first + i));
    for (std::size_t k = 0; k < mixtures; ++k)
      sum +=
          weights[k] *
          Lanes::exponential(component(x, means[k], logit(maps.log_scale(channel, k)), half).log_probability);
    store(probabilities.data() + first, sum, count);
  }
  if (temperature == 1.0f) return;
  if (temperature < kLeastTemperature) return keep_mode(probabilities);
  const float top = *std::ranges::max_element(probabilities);
  double total = 0.0;
  for (float& probability : probabilities) {
    probability = std::pow(probability / top, 1.0f / temperature);
    total += probability;
  }
  for (float& probability : probabilities) probability = static_cast<float>(probability / total);
}

}  // namespace pcnn

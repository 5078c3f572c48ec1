#include "engine/model/logistic_mixture_head.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/model/logistic_component.h"
#include "engine/model/value_counts.h"

namespace pcnn {
namespace {

// Four lanes, whatever the processor has: a seed is to draw the same images everywhere.
constexpr std::size_t kLanes = 4;
using Component = LogisticComponent<kLanes>;
using Vector = Component::Vector;

// What a component is as wide as at first, as a share of all values, where channels share it: a pixel whose
// channels lie in different parts must not be next to impossible. Of 300 images of CIFAR-10 and ten
// components 0.2 to 0.3 give the lowest loss, 0.1 as well only where channels go together.
constexpr double kFirstWidth = 0.3;

}  // namespace

// A dimension's distribution, the channels before it known.
class LogisticMixtureHead::Mixture {
 public:
  Mixture(const LogisticMixtureHead& head, const Conditional& dimension)
      : width_(head.width_), components_(static_cast<std::size_t>(head.mixtures_)) {
    const std::size_t filled = (components_ + kLanes - 1) / kLanes * kLanes;
    for (auto* const numbers : {&weights_, &means_, &log_scales_, &inverse_scales_}) numbers->resize(filled);
    const MixtureMaps maps = head.logit_maps();
    const auto channel = static_cast<std::size_t>(dimension.channel);
    for (std::size_t k = 0; k < components_; k += kLanes) {
      const auto logits = [&](std::size_t map) {  // of these components
        return Component::load_part(dimension.logits.data() + map, std::min(kLanes, components_ - k));
      };
      const auto forecast = [&](std::size_t of) {
        return head.forecast_ ? dimension.logits[maps.forecast(of)] : 0.0f;
      };
      const auto mean = [&](std::size_t of) {
        Vector sum = logits(maps.mean(of, k)) + forecast(of);
        for (std::size_t earlier = 0; earlier < of; ++earlier)
          sum += Component::tanh(logits(maps.coefficient(of, earlier, k))) *
                 (dimension.earlier[earlier] - forecast(earlier));
        return sum;
      };
      Vector log_weight = logits(maps.weight(k));
      for (std::size_t of = 0; of < channel; ++of)
        log_weight += Component::probability(Vector{} + dimension.earlier[of], mean(of),
                                             logits(maps.log_scale(of, k)), width_)
                          .log;
      Component::store(&weights_[k], log_weight);
      Component::store(&means_[k], mean(channel));
      const Vector log_scale = logits(maps.log_scale(channel, k));
      Component::store(&log_scales_[k], log_scale);
      Component::store(&inverse_scales_[k], Component::exponential(-Component::at_least(log_scale, width_)));
    }
    normalise();
  }

  // Of each of four levels, as fed to the network.
  [[nodiscard]] Vector probabilities(Vector x) const {
    Vector sum{};
    for (std::size_t k = 0; k < components_; ++k)
      sum += weights_[k] *
             Component::exponential(
                 Component::probability(x, Vector{} + means_[k], Vector{} + log_scales_[k], width_).log);
    return sum;
  }

  // The first level whose cumulative probability exceeds the number in [0, 1): by halves, since that of any
  // level is a sum of sigmoids.
  [[nodiscard]] int level_at(float uniform, int levels) const {
    // From the nearer end, where probabilities are small and have all their digits. Numbers are multiples of
    // 2^-24: 0 stands for those up to that, and is not for levels of next to no probability.
    const bool from_above = uniform >= 0.5f;
    uniform = std::max(uniform, 0x1p-25f);
    int low = 0, high = levels - 1;
    while (low < high) {
      const int middle = low + (high - low) / 2;
      const bool is_below = from_above ? probability_beyond<true>(middle) < 1.0f - uniform
                                       : probability_beyond<false>(middle) > uniform;
      (is_below ? high : low) = is_below ? middle : middle + 1;
    }
    return low;
  }

 private:
  static Vector at(const std::vector<float>& numbers, std::size_t k) {
    return Component::load(numbers.data() + k);
  }

  // From logarithms. What fills up the last vector weighs nothing.
  void normalise() {
    const float top = *std::max_element(weights_.begin(), weights_.begin() + components());
    for (std::size_t k = 0; k < weights_.size(); k += kLanes)
      Component::store(&weights_[k], Component::exponential(at(weights_, k) - top));
    std::fill(weights_.begin() + components(), weights_.end(), 0.0f);
    float sum = 0.0f;
    for (const float weight : weights_) sum += weight;
    for (float& weight : weights_) weight /= sum;
  }
  [[nodiscard]] std::ptrdiff_t components() const { return static_cast<std::ptrdiff_t>(components_); }

  // Of all values beyond a level's upper edge, to one side.
  template <bool kAbove>
  [[nodiscard]] float probability_beyond(int level) const {
    const float edge = static_cast<float>(2 * level + 1) * width_.half - 1.0f;
    Vector sum{};
    for (std::size_t k = 0; k < weights_.size(); k += kLanes) {
      const Vector distance = at(inverse_scales_, k) * (edge - at(means_, k));
      sum += at(weights_, k) / (1.0f + Component::exponential(kAbove ? distance : -distance));
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }

  LevelWidth width_;
  std::size_t components_;
  // Filled up to whole vectors.
  std::vector<float> weights_;  // their sum is 1
  std::vector<float> means_, log_scales_, inverse_scales_;
};

MixtureMaps LogisticMixtureHead::logit_maps() const {
  return {static_cast<std::size_t>(mixtures_), static_cast<std::size_t>(channels_)};
}

float LogisticMixtureHead::least_log_scale(int levels) {
  return level_width(levels).least_log_scale;
}

double LogisticMixtureHead::compute_nats(std::span<const float> logits, std::span<const float> targets,
                                         std::span<float> diff_logits, std::span<float> pixel_nats) const {
  const MixtureMaps maps = logit_maps();
  std::vector<float> scratch(mixture_loss_scratch(maps));
  const auto or_null = [](std::span<float> numbers) { return numbers.empty() ? nullptr : numbers.data(); };
  static const MixtureLossKernel kernel = mixture_loss_kernels().back();
  return kernel({.maps = maps,
                 .width = width_,
                 .has_forecast = forecast_,
                 .pixels = targets.size() / maps.channels,
                 .logits = logits.data(),
                 .targets = targets.data(),
                 .diff_logits = or_null(diff_logits),
                 .pixel_nats = or_null(pixel_nats),
                 .scratch = scratch.data()});
}

std::vector<float> LogisticMixtureHead::first_logits(std::span<const ValueCounts> channels) const {
  const MixtureMaps maps = logit_maps();
  const float half = width_.half;
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

void LogisticMixtureHead::probabilities(const Conditional& dimension, float temperature,
                                        std::span<float> probabilities) const {
  const Mixture mixture(*this, dimension);
  const auto levels = static_cast<std::size_t>(levels_);
  for (std::size_t first = 0; first < levels; first += kLanes) {
    const std::size_t count = std::min(kLanes, levels - first);
    Vector x{};
    for (std::size_t i = 0; i < count; ++i) x[i] = value(static_cast<int>(first + i));
    Component::store_part(probabilities.data() + first, mixture.probabilities(x), count);
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

float LogisticMixtureHead::draw(const Conditional& dimension, float temperature, float uniform) const {
  if (temperature != 1.0f) return OutputHead::draw(dimension, temperature, uniform);
  return value(Mixture(*this, dimension).level_at(uniform, levels_));
}

}  // namespace pcnn

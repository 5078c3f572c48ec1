#pragma once

// Exponential moving average of the parameters (Polyak & Juditsky, 1992, in its exponential form):
//   average = decay * average + (1 - decay) * parameters
// It starts at the parameters themselves, so it needs no bias correction. With warm_up the decay of update t
// (from 0) is min(decay, (1 + t) / (10 + t)), as tf.train.ExponentialMovingAverage with num_updates: early
// averages forget the initialisation sooner. Computed as average += (1 - decay) * (parameters - average),
// which leaves a parameter that does not move, a dead weight above all, exactly where it is.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pcnn {

struct AverageConfig {
  double decay = 0.0;  // in [0, 1); 0 means that no average is kept
  bool warm_up = false;

  [[nodiscard]] bool enabled() const { return decay > 0.0; }
  friend bool operator==(const AverageConfig&, const AverageConfig&) = default;
};

// Keeps a copy of its own. One thread at a time, but for disjoint update_range() calls.
class ParameterAverage {
 public:
  ParameterAverage(const AverageConfig& config, std::span<const float> parameters);

  // One whole update, after the optimiser's step: begin_update(), then update_range() over everything.
  void update(std::span<const float> parameters);

  // An update in pieces: begin_update() once, then ranges that cover the buffer once. The span is the full
  // buffer. Elementwise: disjoint ranges may run at the same time and give the same bits as one.
  void begin_update();
  void update_range(std::span<const float> parameters, std::size_t begin, std::size_t end);

  [[nodiscard]] std::span<const float> values() const { return values_; }
  // For checkpoints: restoring values and count continues the average bit for bit.
  [[nodiscard]] std::span<float> mutable_values() { return values_; }
  [[nodiscard]] std::int64_t update_count() const { return update_count_; }
  void set_update_count(std::int64_t updates) { update_count_ = updates; }

 private:
  AverageConfig config_;
  std::vector<float> values_;
  std::int64_t update_count_ = 0;
  float weight_ = 0.0f;  // 1 - decay of the update under way
};

}  // namespace pcnn

#pragma once

// Optimisers on one flat buffer of f32 parameters. Every rule is elementwise, so a step may be run in pieces,
// in any order and on any number of threads, with the same bits as in one go. A dead weight (parameter 0,
// gradient 0) keeps parameter and moments at exactly 0 under every rule.
//
// With gradient g, learning rate a, moments starting at 0 and t counting steps from 1:
//   rmsprop  v = rho v + (1 - rho) g^2;  p -= a g / (sqrt(v) + epsilon)
//            with momentum: u = momentum u + a g / (sqrt(v) + epsilon);  p -= u
//            with epsilon_under_root: sqrt(v + epsilon) for sqrt(v) + epsilon
//   adam     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//            p -= a m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
//   adamw    p -= a weight_decay p, then adam
//   sgd      u = momentum u + g;  p -= a u
//            with nesterov: p -= a (g + momentum u)
// Sources: rmsprop Hinton, lecture 6e, 2012, and Keras; adam Kingma & Ba, 2015, algorithm 1; adamw Loshchilov
// & Hutter, 2019, algorithm 2, with a for eta; sgd torch.optim.SGD.
//
// Epsilon in rmsprop is added to the root, as in torch.optim.RMSprop and in tf.keras before 2.11 without
// momentum. Keras 2.11 and later (keras/src/optimizers/rmsprop.py, update_step) and TensorFlow's ApplyRMSProp
// kernel put it under the root, where 1e-7 bounds the denominator by 3e-4: on the tutorial network, whose
// gradients are mostly smaller than that, the first epoch then ends 10 % higher in validation loss.
// epsilon_under_root chooses.
//
// Epsilon in adam is that of algorithm 1 and of PyTorch. Keras' Adam adds it before the bias correction of v
// ("epsilon hat"), as if it were larger here by 1 / sqrt(1 - beta2^t), which fades as t grows.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pcnn {

enum class OptimiserKind { kRmsprop, kAdam, kAdamW, kSgd };

struct OptimiserConfig {
  OptimiserKind kind = OptimiserKind::kRmsprop;
  double learning_rate = 1e-3;  // base rate, before the schedule
  double rho = 0.9;             // rmsprop
  double epsilon = 1e-7;        // rmsprop, adam, adamw: > 0, or dead weights would be 0 / 0. PyTorch: 1e-8
  bool epsilon_under_root = false;  // rmsprop
  double momentum = 0.0;            // rmsprop, sgd
  bool nesterov = false;            // sgd with momentum
  double beta1 = 0.9;               // adam, adamw
  double beta2 = 0.999;             // adam, adamw
  double weight_decay = 0.01;       // adamw, per unit of learning rate

  friend bool operator==(const OptimiserConfig&, const OptimiserConfig&) = default;
};

// One moment buffer, parameter_count values, for checkpoints. The name is stable ("velocity", "first_moment",
// ...).
struct OptimiserState {
  std::string name;
  std::span<float> values;  // owned by the optimiser
};

// Owns its moments and nothing else. One thread at a time, but for disjoint step_range() calls.
class Optimiser {
 public:
  // decays: one flag per parameter, 0 where adamw leaves it undecayed (biases, usually); empty decays them
  // all. Other kinds ignore it. All moments start at 0.
  [[nodiscard]] static std::unique_ptr<Optimiser> make(const OptimiserConfig& config,
                                                       std::size_t parameter_count,
                                                       std::span<const std::uint8_t> decays = {});
  virtual ~Optimiser() = default;
  Optimiser(const Optimiser&) = delete;
  Optimiser& operator=(const Optimiser&) = delete;

  // One whole step: begin_step(), then step_range() over everything.
  void step(std::span<float> parameters, std::span<const float> gradients, float learning_rate);

  // A step in pieces: begin_step() once, then step_range() so that the ranges cover [0, parameter_count)
  // once. Both spans are the full buffers. Calls on disjoint ranges may run at the same time.
  void begin_step(float learning_rate);
  void step_range(std::span<float> parameters, std::span<const float> gradients, std::size_t begin,
                  std::size_t end);

  // The moments in use, in a fixed order. Restoring them and the step count continues training bit for bit.
  [[nodiscard]] virtual std::vector<OptimiserState> state() = 0;
  [[nodiscard]] std::int64_t step_count() const { return step_count_; }
  void set_step_count(std::int64_t steps) { step_count_ = steps; }
  [[nodiscard]] std::size_t parameter_count() const { return parameter_count_; }

 protected:
  explicit Optimiser(std::size_t parameter_count) : parameter_count_(parameter_count) {}

 private:
  // Fixes the scalars of the step; step_count() already counts it.
  virtual void prepare(float learning_rate) = 0;
  virtual void update(float* parameters, const float* gradients, std::size_t begin, std::size_t end) = 0;

  std::size_t parameter_count_;
  std::int64_t step_count_ = 0;
};

}  // namespace pcnn

#pragma once

// Optimisers on one flat buffer of f32 parameters. A step is made of pieces, ranges of the buffer that depend
// on each other in nothing, so that they may be run in any order and on any number of threads with the same
// bits. A dead weight (parameter 0, gradient 0) keeps parameter and moments at exactly 0 under every rule.
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
//   muon     see muon.h
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

#include "engine/model/network.h"

namespace pcnn {

enum class OptimiserKind { kRmsprop, kAdam, kAdamW, kSgd, kMuon };

struct OptimiserConfig {
  OptimiserKind kind = OptimiserKind::kRmsprop;
  double learning_rate = 1e-3;  // base rate, before the schedule; muon: of kernels
  double rho = 0.9;             // rmsprop
  double epsilon = 1e-7;  // rmsprop, adam, adamw, muon: > 0, or dead weights would be 0 / 0. PyTorch: 1e-8
  bool epsilon_under_root = false;   // rmsprop
  double momentum = 0.0;             // rmsprop, sgd, muon
  bool nesterov = false;             // sgd with momentum, muon
  double beta1 = 0.9;                // adam, adamw, muon's adam
  double beta2 = 0.999;              // adam, adamw, muon's adam
  double weight_decay = 0.01;        // adamw, muon: per unit of learning rate
  double adam_learning_rate = 1e-3;  // muon: of all but layers' kernels, at a schedule's factor of 1

  friend bool operator==(const OptimiserConfig&, const OptimiserConfig&) = default;
};

// One moment buffer, parameter_count values, for checkpoints. The name is stable ("velocity", "first_moment",
// ...).
struct OptimiserState {
  std::string name;
  std::span<float> values;  // owned by the optimiser
};

// Of the flat buffer.
struct UpdatePiece {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Owns its moments and nothing else. One thread at a time, but for step_piece() of different pieces.
class Optimiser {
 public:
  // parameters: of a network, in the order of their offsets. Kernels of layers decay under adamw and muon,
  // nothing else does. All moments start at 0.
  [[nodiscard]] static std::unique_ptr<Optimiser> make(const OptimiserConfig& config,
                                                       std::span<const Parameter> parameters);
  virtual ~Optimiser() = default;
  Optimiser(const Optimiser&) = delete;
  Optimiser& operator=(const Optimiser&) = delete;

  // One whole step: begin_step(), then every piece.
  void step(std::span<float> parameters, std::span<const float> gradients, float learning_rate);

  // A step in pieces: begin_step() once, then step_piece() once for each of pieces(), which cover the buffer
  // without overlap. Both spans are the full buffers. Different pieces may run at the same time.
  void begin_step(float learning_rate);
  void step_piece(std::span<float> parameters, std::span<const float> gradients, std::size_t piece);
  [[nodiscard]] std::span<const UpdatePiece> pieces() const { return pieces_; }

  // The moments in use, in a fixed order. Restoring them and the step count continues training bit for bit.
  [[nodiscard]] virtual std::vector<OptimiserState> state() = 0;
  [[nodiscard]] std::int64_t step_count() const { return step_count_; }
  void set_step_count(std::int64_t steps) { step_count_ = steps; }
  [[nodiscard]] std::size_t parameter_count() const { return pieces_.empty() ? 0 : pieces_.back().end; }

 protected:
  // pieces: in order.
  explicit Optimiser(std::vector<UpdatePiece> pieces) : pieces_(std::move(pieces)) {}

 private:
  // Fixes the scalars of the step; step_count() already counts it.
  virtual void prepare(float learning_rate) = 0;
  // range: one of the pieces. Loops read the step's scalars from locals, not members: a store to a float
  // buffer could alias a float member, and the compiler would have to load it again for every element instead
  // of vectorising.
  virtual void update(float* parameters, const float* gradients, UpdatePiece range) = 0;

  std::vector<UpdatePiece> pieces_;
  std::int64_t step_count_ = 0;
};

// A range in pieces of a size that is worth a thread's while; for rules that are elementwise, where any cut
// gives the same bits.
[[nodiscard]] std::vector<UpdatePiece> elementwise_pieces(UpdatePiece range);

}  // namespace pcnn

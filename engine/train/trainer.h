#pragma once

// The training loop: seeded batches, gradient, clipping, schedule, optimiser, average. A pure function of
// config, seed and data: the same bits on any number of threads, and across a stop and a resume.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/data/image_set.h"
#include "engine/data/pixel_coding.h"
#include "engine/ranks/message.h"
#include "engine/ranks/team.h"
#include "engine/train/batch_gradient.h"
#include "engine/train/divergence.h"
#include "engine/train/train_config.h"

namespace pcnn {

// Sums over consecutive steps.
struct StepSums {
  double nats = 0.0;
  std::int64_t dims = 0;  // dimensions those nats were summed over
  double seconds = 0.0;
  std::int64_t images = 0;
  double squared_norms = 0.0;  // of gradients before clipping
  std::int64_t steps = 0;

  [[nodiscard]] double nats_per_dim() const;
  // Root mean square over the steps.
  [[nodiscard]] double grad_norm() const;
  [[nodiscard]] double images_per_second() const;
};

// Where training stands. Everything a resumed run needs beside the tensors of Trainer::state().
struct Progress {
  std::int64_t step = 0;       // optimiser steps taken, ever
  std::int64_t images = 0;     // images seen, ever
  double seconds = 0.0;        // spent in steps, ever: no validation, no sampling
  StepSums epoch;              // the current epoch so far
  StepSums window;             // since Trainer::begin_window(), or the first step
  double learning_rate = 0.0;  // of the last step
  // Of the first batch, before any step; 0 in checkpoints that do not tell.
  double first_nats_per_dim = 0.0;
};

// A named flat buffer in parameter order: the parameters themselves (""), a moment ("optimiser.velocity"),
// the average ("average").
struct StateBuffer {
  std::string name;
  std::span<float> values;
};

// One thread at a time; its own work goes to the workers. Owns the parameters.
class Trainer {
 public:
  // parameters: the flat f32 masters to start from. network, head, workers and the team's ranks must outlive
  // this. Rank 0 of a team trains; the others have a trainer each that follows (see below).
  Trainer(const Network& network, const OutputHead& head, const TrainConfig& config, std::uint64_t seed,
          std::vector<float> parameters, const Workers& workers, Precision precision = Precision::kF32,
          Team team = {});
  ~Trainer();

  // Trains until the epoch or a budget ends, whichever is first; returns true when the epoch is complete.
  // Continues in the middle of an epoch where the last call or a restored progress left it. Where the network
  // has a condition the images have labels, see require_classes(). on_step runs
  // after each step on the calling thread; returning false stops after that step. Throws DivergenceError
  // before a step is applied whose loss or gradient is not finite, naming the op where that begins, or whose
  // loss is_diverged(); and after one that leaves such a parameter (relu makes a zero of it, so the loss need
  // not tell).
  bool run_epoch(const ImageSet& images, const PixelCoding& coding,
                 const std::function<bool(const Progress&)>& on_step);

  // Begins Progress::window anew; for on_step too.
  void begin_window() { progress_.window = {}; }

  // Whether a budget (epochs, steps, seconds) is used up.
  [[nodiscard]] bool finished(std::int64_t images_per_epoch) const;
  [[nodiscard]] std::int64_t steps_per_epoch(std::int64_t images_per_epoch) const;
  // Epochs begun or done before the next step.
  [[nodiscard]] std::int64_t epoch(std::int64_t images_per_epoch) const;

  [[nodiscard]] const Progress& progress() const { return progress_; }
  // The parameters to score and sample with: the average where one is kept.
  [[nodiscard]] std::span<const float> evaluation_parameters() const;
  [[nodiscard]] std::size_t workspace_bytes() const;

  [[nodiscard]] LossReference loss_reference() const;
  // What was met after the last step, and makes an end of training.
  [[nodiscard]] DivergenceError divergence(const std::string& what) const;
  // Throws DivergenceError where a number of the state is not finite: moments and averages can overflow
  // although parameters and losses do not.
  void check_state();

  // For checkpoints: every buffer that changes. Write into them, then restore(), to continue bit for bit.
  [[nodiscard]] std::vector<StateBuffer> state();
  void restore(const Progress& progress);

  // On rank 0, before its first step: gives the others what it trains from.
  void lead();
  // On rank 0: throws ComputeError where the state of another rank is no longer the same. Nothing where it
  // does not lead, or left a job unfinished.
  void check_ranks();
  // On the others, where Job::kTraining, Job::kStep or Job::kCompare has been read of the message: takes what
  // rank 0 gave; computes the part of a step that rank 0 handed out, and updates the parameters as rank 0
  // does; tells what its state is.
  void follow_start(MessageReader& message);
  void follow_step(MessageReader& message);
  void follow_check();

 private:
  void step(std::span<const int> positions, const ImageSet& images, const PixelCoding& coding, int epoch,
            std::int64_t steps_per_epoch);
  void hand_out(int images, const FillImage& fill, const Given& given, const DropoutKey& dropout,
                double rate);
  void update(double rate);

  [[nodiscard]] std::optional<double> last_rate() const;
  void check_loss(double nats, double norm, std::span<const int> positions, const ImageSet& images,
                  const PixelCoding& coding, int epoch, const Given& given) const;

  const Network& network_;
  const OutputHead& head_;
  TrainConfig config_;
  std::uint64_t seed_;
  const Workers& workers_;
  Team team_;
  std::vector<float> parameters_;
  std::vector<float> gradients_;
  BatchGradient gradient_;
  std::unique_ptr<Optimiser> optimiser_;
  std::unique_ptr<ParameterAverage> average_;  // null where none is kept
  Progress progress_;
  bool leads_ = false;
  std::vector<float> handed_out_;  // images of another rank, while they are put into its message
};

}  // namespace pcnn

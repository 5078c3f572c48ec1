#pragma once

// What divergence is: of the loss of a batch, of a score, of the state of a run. One notion for all of them.
//
// A finite loss is judged by guessing and by the first batch. Every head gives probabilities to the levels of
// a dimension, so guessing all levels alike costs log(levels) nats under each of them, also under a mixture.
// The first batch counts because a deep network may begin far above guessing and still learn: 40 blocks of
// model.initialisation he_normal begin at 3,100 nats per dimension and are at 14 after twelve steps.

#include <cstdint>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/model/output_head.h"
#include "engine/train/optimiser.h"

namespace pcnn {

// A loss so many times that of guessing, and that of the first batch, is divergence at once. Most spikes from
// which training comes back stay below (mnist_quick on 64 images, batch 16: 86 times with adam at 0.07), not
// all: at 0.1 the second batch is 1,300 times worse than guessing, and the third is better. Such a learning
// rate is refused, as too high, rather than trusted to come back.
inline constexpr double kDivergenceFactor = 100.0;

// Where the lowest validation loss is so many times that of guessing, and more than kFruitlessShare of the
// first batch, nothing has been learned. It may be so for a while, but not when training ends, and not after
// kFruitlessEpochs epochs that did not lower it.
inline constexpr double kFruitlessFactor = 10.0;
inline constexpr double kFruitlessShare = 0.5;
inline constexpr std::int64_t kFruitlessEpochs = 3;

// Training cannot go on from here, and what it has now is worth nothing; what it had before may be.
class DivergenceError : public ComputeError {
 public:
  // Met at this step. learning_rate: of the last step that was taken; none before the first. "step 12,
  // learning rate 0.1: training diverged: <what> (a lower train.learning_rate or train.clip_norm may help)".
  // Steps of muon are as long whatever the gradient is clipped to.
  DivergenceError(std::int64_t step, std::optional<double> learning_rate, const std::string& what,
                  OptimiserKind optimiser = OptimiserKind::kRmsprop);
};

// Nats per dimension of guessing all levels alike.
[[nodiscard]] double guessing_nats_per_dim(const OutputHead& head);

// What a loss is judged by, in nats per dimension.
struct LossReference {
  double guessing = 0.0;
  double first = 0.0;  // of the first batch, before any step; 0 where it is not known

  // "where guessing has 0.6931", and what the first batch had where that is much more.
  [[nodiscard]] std::string describe() const;
};

// Whether a loss, in nats per dimension, is divergence at once; true where it is not a number.
[[nodiscard]] bool is_diverged(double nats_per_dim, const LossReference& reference);

// Where validation stands after an epoch.
struct ValidationProgress {
  double lowest = 0.0;  // nats per dimension, of all epochs
  std::int64_t epochs_since_lowest = 0;
  bool is_last = false;  // training ends here
};
// Why that is divergence; "" where it is not.
[[nodiscard]] std::string why_fruitless(const ValidationProgress& progress, const LossReference& reference);

}  // namespace pcnn

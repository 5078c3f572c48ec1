#pragma once

#include <cstdint>
#include <span>

#include "engine/core/parallel.h"
#include "engine/run/checkpoint_store.h"
#include "engine/run/console.h"
#include "engine/run/run_outputs.h"
#include "engine/run/run_parts.h"
#include "engine/train/scorer.h"
#include "engine/train/trainer.h"

namespace pcnn {

// One run from its first step, or its checkpoint, to its final scores. A checkpoint is written before the
// first step, every so often inside an epoch, at its end, and once more after what follows: validation, best
// parameters, samples, metrics, curves. So a run killed at any point resumes from its last checkpoint as if
// what came since had not been.
class TrainingRun {
 public:
  // All must outlive this.
  TrainingRun(const RunParts& run, const Workers& workers, Console& console);

  // Restores the state of the directory's checkpoint, or where that is damaged of the one before it.
  void resume();
  // Throws Interrupted, with the state saved, where InterruptionGuard notes a signal; ComputeError where the
  // loss or a gradient is not finite, with the last good state kept.
  void train();

 private:
  void train_to_the_end_of_the_epoch();
  void finish_epoch(bool last);
  [[noreturn]] void stop(int signal);
  void show_progress(const Progress& progress);
  [[nodiscard]] Score score(std::span<const float> parameters, const ImageSet& images);
  void report_final_scores();

  // Of the train images.
  [[nodiscard]] bool is_finished() const;
  [[nodiscard]] std::int64_t steps_per_epoch() const;
  [[nodiscard]] std::int64_t epoch() const;

  const RunParts& run_;
  Console& console_;
  Trainer trainer_;
  Scorer scorer_;
  CheckpointStore checkpoints_;
  RunOutputs outputs_;
  Standing standing_;
};

}  // namespace pcnn

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/parallel.h"
#include "engine/ranks/team.h"
#include "engine/run/checkpoint_store.h"
#include "engine/run/console.h"
#include "engine/run/ending.h"
#include "engine/run/run_hooks.h"
#include "engine/run/run_lock.h"
#include "engine/run/run_outputs.h"
#include "engine/run/run_parts.h"
#include "engine/run/spent_budget.h"
#include "engine/train/scorer.h"
#include "engine/train/trainer.h"

namespace pcnn {

// One run from its first step, or its checkpoint, to its final scores. A checkpoint is written before the
// first step, every so often inside an epoch, at its end, and once more after what follows: validation, best
// parameters, samples, metrics, curves. So a run killed at any point resumes from its last checkpoint as if
// what came since had not been.
// One thread at a time. What its constructor takes must outlive it.
class TrainingRun {
 public:
  // All must outlive this.
  TrainingRun(const RunParts& run, const RunHooks& hooks, const RunLock& lock, const Workers& workers,
              Console& console);

  // Writes the checkpoint of a run that has not begun where its directory is being made. Throws FileError.
  void save_start(const RunDirectory& directory) { checkpoints_.save(standing_, directory); }
  // Restores the state of the directory's checkpoint, or where that is damaged of the one before it. Throws
  // what restore_latest() throws.
  void resume();
  // See standing.h.
  [[nodiscard]] std::string how_to_go_beyond() const;

  // However it ends, log.txt, results.json and the report say why, where they can be written. Throws
  // Interrupted, with the state saved, where InterruptionGuard notes a signal or a hook says so;
  // DivergenceError where training has diverged, with the last good state kept; LostDirectory where the
  // directory was removed, moved or replaced; ConfigError where a file cannot be written.
  void train();

 private:
  void work();
  void train_to_the_end_of_the_epoch();
  void finish_epoch();
  void report_window();
  void save_checkpoint();
  void prepare_last_words() const;
  void throw_where_told_to_stop() const;
  [[noreturn]] void stop(int signal);
  [[noreturn]] void leave(const LostDirectory& lost);
  void record(Ended how, const std::string& reason, const RunDirectory& directory);
  // See score_split().
  [[nodiscard]] Score score(std::string_view split, std::span<const float> parameters,
                            const ImageSet& images);
  void report_final_scores();

  [[nodiscard]] std::optional<SpentBudget> spent_here() const;
  [[nodiscard]] Ending ending(Ended how, const std::string& reason) const;
  // Of the train images.
  [[nodiscard]] std::int64_t steps_per_epoch() const;
  [[nodiscard]] std::int64_t epoch() const;
  [[nodiscard]] bool is_validated() const;

  const RunParts& run_;
  const RunHooks& hooks_;
  const RunLock& lock_;
  const Workers& workers_;
  Console& console_;
  const Team team_;
  Trainer trainer_;
  Scorer scorer_;
  CheckpointStore checkpoints_;
  RunOutputs outputs_;
  Standing standing_;
  bool is_resumed_ = false;
  bool has_diverged_ = false;
  bool is_told_to_stop_ = false;  // by a hook
};

}  // namespace pcnn

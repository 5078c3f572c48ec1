#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/run/console.h"
#include "engine/run/run_lock.h"
#include "engine/run/run_parts.h"
#include "engine/run/standing.h"
#include "engine/train/trainer.h"

namespace pcnn {

// What resume() begins with, for a trainer of the run: restores it to the latest checkpoint, or where the
// bytes of that are damaged, or it is not there, to the one before it; writes nothing. Throws ConfigError
// where neither can be used, which names what is wrong with each, or where the images are others; FormatError
// where the latest is damaged and there is no other; FileError where the latest cannot be read: it may be
// good.
struct Restored {
  Standing standing;
  bool is_previous = false;  // from the one before the latest
};
[[nodiscard]] Restored restore_latest(const RunParts& run, Trainer& trainer, Console& console);

// The checkpoints of a run: its latest state, the one before it, and the parameters with the lowest
// validation loss.
// One thread at a time. What its constructor takes must outlive it.
class CheckpointStore {
 public:
  // All must outlive this.
  CheckpointStore(const RunParts& run, const RunLock& lock, Trainer& trainer, Console& console);

  // Throws FileError where that cannot be told.
  [[nodiscard]] bool has_latest() const;
  // Whether a run can be resumed from it.
  [[nodiscard]] bool has_any() const;
  // Throws LostDirectory or FileError, or DivergenceError where a number of the state is not finite, with
  // what was saved before as it was.
  void save(const Standing& standing);
  // The same where the run directory was moved to.
  void save(const Standing& standing, const RunDirectory& directory);
  // Whether train.checkpoint_every asks for one inside an epoch.
  [[nodiscard]] bool is_due() const;
  // Of the latest checkpoint.
  [[nodiscard]] std::int64_t saved_step() const { return saved_step_; }

  // restore_latest(); where the latest is damaged, it is put out of the way.
  [[nodiscard]] Standing resume();

  // Where the latest checkpoint has the step at hand, which has diverged, the one before it takes its place.
  void drop_diverged();

  // Throws LostDirectory or FileError.
  void save_best(const BestEpoch& best);
  // Throws FileError or FormatError.
  [[nodiscard]] std::vector<float> read_best() const;

 private:
  void write_next(const Standing& standing, const RunDirectory& directory) const;
  void take_next(const RunDirectory& directory);

  const RunParts& run_;
  const RunLock& lock_;
  Trainer& trainer_;
  Console& console_;
  std::int64_t saved_step_ = 0;
  std::chrono::steady_clock::time_point saved_at_ = std::chrono::steady_clock::now();
};

}  // namespace pcnn

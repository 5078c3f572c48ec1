#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/data/dataset.h"
#include "engine/data/pixel_coding.h"
#include "engine/io/event_file.h"
#include "engine/run/console.h"
#include "engine/run/run_config.h"
#include "engine/run/run_directory.h"
#include "engine/train/scorer.h"
#include "engine/train/trainer.h"

namespace pcnn {

// One run from its first step, or its checkpoint, to its final scores. A checkpoint is written before the
// first step, every so often inside an epoch, at its end, and once more after what follows: validation, best
// parameters, samples, metrics, curves. So a run killed at any point resumes from its last checkpoint as if
// what came since had not been.
class TrainingRun {
 public:
  // All must outlive this; resolved_yaml goes into config.yaml and every checkpoint.
  TrainingRun(const RunConfig& config, std::string resolved_yaml, const Dataset& data,
              const PixelCoding& coding, const Network& network, const OutputHead& head, Precision precision,
              const Workers& workers, const RunDirectory& directory, Console& console);

  // Restores the state of the directory's checkpoint, or where that is damaged of the one before it.
  void resume();
  // Throws Interrupted, with the state saved, where InterruptionGuard notes a signal; ComputeError where the
  // loss or a gradient is not finite, with the last good state kept.
  void train();

 private:
  struct Best {
    double validation_nats_per_dim = 0.0;
    std::int64_t epoch = 0;
  };

  void restore(const std::string& path);
  void train_to_the_end_of_the_epoch();
  void finish_epoch(bool last);
  [[nodiscard]] bool checkpoint_is_due() const;
  [[noreturn]] void stop(int signal);
  void show_progress(const Progress& progress);
  [[nodiscard]] Score score(std::span<const float> parameters, const ImageSet& images);
  // `go_on` is asked now and then, and throws to give up.
  void draw_grid(std::span<const float> parameters, const std::string& path,
                 const std::function<void()>& go_on);
  void note_progress(const Progress& progress);
  [[nodiscard]] EventFile& events();
  void save_checkpoint();
  void save_best(std::int64_t epoch, double validation);
  void report_final_scores();
  void write_report(const std::string& state);
  // Writes what shows a run and is not needed to go on: pictures, curves, events, the report. Where it cannot
  // be written, one line says so and the run goes on.
  void show(const std::function<void()>& write);

  const RunConfig& config_;
  std::string resolved_yaml_;
  const Dataset& data_;
  std::string fingerprint_;  // of the train images: every checkpoint names it
  const PixelCoding& coding_;
  const Network& network_;
  const OutputHead& head_;
  Precision precision_;
  const Workers& workers_;
  const RunDirectory& directory_;
  Console& console_;
  Trainer trainer_;
  Scorer scorer_;
  std::optional<Best> best_;
  std::optional<EventFile> events_;  // begun with the first event, once it is known where the run goes on
  std::set<std::string> unshown_;    // what show() has said
  bool epoch_is_open_ = false;       // trained to its end, but not validated, sampled and written down
  std::int64_t saved_step_ = 0;
  std::chrono::steady_clock::time_point saved_at_ = std::chrono::steady_clock::now();
};

}  // namespace pcnn

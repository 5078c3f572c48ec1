#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/io/event_file.h"
#include "engine/ranks/team.h"
#include "engine/run/best_effort.h"
#include "engine/run/console.h"
#include "engine/run/grid_of_samples.h"
#include "engine/run/metrics.h"
#include "engine/run/results.h"
#include "engine/run/run_lock.h"
#include "engine/run/run_parts.h"
#include "engine/train/trainer.h"

namespace pcnn {

// What a run leaves behind for people: metrics, curves, events, grids of samples, the report. All but the
// metrics show a run and are not needed to go on: where one of them cannot be written, one line says so and
// the run goes on without. Every method throws LostDirectory where the run directory is no longer there.
// One thread at a time. What its constructor takes must outlive it.
class RunOutputs {
 public:
  // All must outlive this.
  RunOutputs(const RunParts& run, const RunLock& lock, const Workers& workers, Team team, Console& console);

  // Drops what a killed run wrote after the checkpoint, and of an epoch or a window that is still open: that
  // is written again. One line each says which lines of metrics cannot be read, and which are missing.
  struct Start {
    std::int64_t step = 0;    // of the checkpoint
    std::int64_t epochs = 0;  // trained to their end
    bool epoch_is_open = false;
    bool epoch_goes_on = false;  // inside one: where a budget had ended it there, its line is written again
    bool window_is_open = false;
  };
  void go_on_from(const Start& start);
  // Throws FileError where the line of metrics cannot be written.
  void note_window(const Progress& progress, std::int64_t steps_per_epoch);
  // Throws FileError where the line of metrics cannot be written.
  void note_epoch(const EpochMetrics& epoch);
  void note_scores(std::int64_t step, const std::vector<FinalScore>& scores);
  // Of the parameters at this step. `go_on` is asked now and then, and throws to give up.
  void draw_grid(std::span<const float> parameters, std::int64_t step, const std::string& path,
                 const std::function<void()>& go_on);
  // Into the run directory, which may have been moved.
  void write_report(const RunDirectory& directory, std::string_view state, const std::string& reason = {});

 private:
  [[nodiscard]] EventFile& events();
  void note_window_event(const WindowMetrics& window);
  // Says once what rows of the grid are told, where the picture does not show it.
  [[nodiscard]] GivenBatch given_of_samples(const GridOfSamples& grid);

  const RunParts& run_;
  const RunLock& lock_;
  const Workers& workers_;
  Team team_;
  Console& console_;
  MetricsLog metrics_;  // what metrics.jsonl holds
  BestEffort write_best_effort_;
  std::optional<EventFile> events_;  // begun with the first event
  bool said_rows_ = false;
  std::int64_t void_from_ = 0;  // step from which on that voids the event files before
};

}  // namespace pcnn

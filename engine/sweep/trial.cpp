#include "engine/sweep/trial.h"

#include <utility>

#include "engine/run/metrics.h"
#include "engine/run/results.h"
#include "engine/run/run_directory.h"

namespace pcnn {

std::string_view name_of(TrialState state) {
  switch (state) {
    case TrialState::kWaiting:
      return "waiting";
    case TrialState::kTraining:
      return "training";
    case TrialState::kDone:
      return "done";
    case TrialState::kStopped:
      return "stopped";
    case TrialState::kFailed:
      return "failed";
    case TrialState::kDiverged:
      return "diverged";
  }
  return "";
}

TrialProgress read_progress(const std::string& run_directory, const Objective& objective) {
  const RunDirectory directory = RunDirectory::at(run_directory);
  TrialProgress progress;
  MetricsLog log = read_metrics_log(directory.metrics());
  for (const EpochMetrics& epoch : log.epochs) {
    progress.epochs = epoch.epoch;
    progress.seconds = epoch.seconds;
    progress.images_per_second = epoch.images_per_second;
    const double value = objective.value(epoch);
    if (progress.best && !objective.is_better(value, *progress.best)) continue;
    progress.best = value;
    progress.best_epoch = epoch.epoch;
  }
  progress.metrics = std::move(log.epochs);
  std::string unread;
  if (const auto results = read_results(directory.results(), unread)) {
    if (!results->scores.empty()) progress.test_nats_per_dim = results->scores.front().nats_per_dim;
    progress.diverged = results->ending && results->ending->diverged;
  }
  for (const std::string& note : {note_on(directory.metrics(), log.unread), unread})
    if (!note.empty()) progress.notes.push_back(note);
  return progress;
}

std::optional<double> best_until(const TrialProgress& progress, const Objective& objective,
                                 std::int64_t epochs) {
  std::optional<double> best;
  for (const EpochMetrics& epoch : progress.metrics)
    if (epoch.epoch <= epochs && (!best || objective.is_better(objective.value(epoch), *best)))
      best = objective.value(epoch);
  return best;
}

const Trial* best_of(const std::vector<Trial>& trials, const Objective& objective) {
  const Trial* best = nullptr;
  for (const Trial& trial : trials)
    if (!trial.has_failed() && trial.progress.best &&
        (!best || objective.is_better(*trial.progress.best, *best->progress.best)))
      best = &trial;
  return best;
}

}  // namespace pcnn

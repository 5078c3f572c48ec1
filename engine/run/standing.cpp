#include "engine/run/standing.h"

#include <fmt/format.h>

#include "engine/core/shell_word.h"
#include "engine/run/results.h"

namespace pcnn {
namespace {

bool is_scored(const RunDirectory& directory) {
  std::string unread;
  const std::optional<RunResults> results = read_results(directory.results(), unread);
  return results && !results->scores.empty();
}

}  // namespace

std::optional<SpentBudget> spent_here(const RunParts& run, const Trainer& trainer, const Standing& standing) {
  const auto best = standing.best ? std::optional(standing.best->epoch) : std::nullopt;
  return spent_budget(run.config.train, trainer.progress(), trainer.steps_per_epoch(run.data.train.count),
                      best);
}

std::string how_to_go_beyond(const RunParts& run, const Trainer& trainer, const Standing& standing) {
  const std::optional<SpentBudget> spent = spent_here(run, trainer, standing);
  if (standing.epoch_is_open || !spent || !is_scored(run.directory)) return "";
  return fmt::format("{} is finished: {}; to train on, raise {}: `{} {}`", run.directory.path(),
                     spent->reason, spent->raised.find(' ') == std::string::npos ? "it" : "them",
                     resume_command(run.directory.path()), spent->raised);
}

std::string resume_command(const std::string& directory) {
  return "pcnn-run --resume " + shell_word(directory);
}

}  // namespace pcnn

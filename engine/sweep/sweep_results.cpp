#include "engine/sweep/sweep_results.h"

#include <fmt/format.h>

#include <string>

#include "engine/config/config.h"
#include "engine/io/file.h"
#include "engine/run/run_config.h"
#include "engine/run/run_directory.h"
#include "engine/sweep/leaderboard.h"
#include "engine/sweep/parameter_picture.h"

namespace pcnn {
namespace {

void write_best(const std::vector<Trial>& trials, const SweepPlan& plan, const SweepDirectory& directory) {
  const Objective& objective = plan.sweep.objective;
  const Trial* best = best_of(trials, objective);
  if (!best) return;
  const std::vector<std::string> overrides{"name=" + yaml_text(directory.name() + "_best"),
                                           "output=" + yaml_text(directory.output()), "threads=null"};
  const ConfigDocument document =
      ConfigDocument::from_file(RunDirectory::at(directory.trial(best->number)).config(), overrides);
  (void)read_run_config(document, "");
  write_file_atomic(directory.best(),
                    fmt::format("# Trial {} of {}: {} {:.4f} at epoch {}.\n{}", best->number,
                                directory.path(), objective.heading(), *best->progress.best,
                                best->progress.best_epoch, document.resolved_yaml()));
}

}  // namespace

void write_results(const std::vector<Trial>& trials, const SweepPlan& plan, const SweepDirectory& directory,
                   BestEffort& best_effort) {
  const auto write = [&](const std::string& path, const auto& text) {
    best_effort([&] { write_file_atomic(path, text()); });
  };
  write(directory.csv(), [&] { return results_csv(trials, plan, directory); });
  write(directory.leaderboard(), [&] { return leaderboard_text(trials, plan, directory); });
  write(directory.picture(), [&] { return parameter_picture_svg(directory.name(), trials, plan); });
  best_effort([&] { write_best(trials, plan, directory); });
}

}  // namespace pcnn

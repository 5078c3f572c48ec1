#include <mutex>

#include "engine/api/pcnn.h"
#include "engine/core/error.h"
#include "engine/run/interruption.h"
#include "engine/run/results.h"
#include "engine/run/run.h"
#include "engine/run/run_directory.h"

namespace pcnn::api {

namespace {

std::mutex running;  // signals are the process's, and one run's at a time

}  // namespace

Trained train(const Training& training) {
  const std::unique_lock alone(running, std::try_to_lock);
  if (!alone.owns_lock())
    throw ConfigError("train(): another training runs in this process, accepted: one at a time");
  Trained trained;
  RunOptions options{.config = training.config,
                     .resume = training.resume,
                     .overrides = training.overrides,
                     .verbosity = training.quiet ? Verbosity::kQuiet : Verbosity::kNormal};
  options.hooks.on_start = [&](const std::string& directory) { trained.directory = directory; };
  if (training.on_step)
    options.hooks.on_step = [&](const Progress& progress, std::int64_t epoch) {
      return training.on_step({.step = progress.step,
                               .epoch = epoch,
                               .images = progress.images,
                               .train_nats_per_dim = progress.epoch.nats_per_dim(),
                               .images_per_second = progress.epoch.images_per_second(),
                               .learning_rate = progress.learning_rate});
    };
  if (training.on_epoch)
    options.hooks.on_epoch = [&](const EpochMetrics& epoch) {
      return training.on_epoch({.epoch = epoch.epoch,
                                .step = epoch.step,
                                .train_nats_per_dim = epoch.train_nats_per_dim,
                                .validation_nats_per_dim = epoch.validation_nats_per_dim,
                                .images_per_second = epoch.images_per_second,
                                .seconds = epoch.seconds});
    };
  try {
    run(options);
  } catch (const Interrupted& interrupted) {
    trained.signal = interrupted.signal();
    return trained;
  }
  trained.completed = true;
  std::string note;
  const std::optional<RunResults> results = read_results(RunDirectory::at(trained.directory).results(), note);
  if (results && !results->scores.empty()) trained.test_nats_per_dim = results->scores.front().nats_per_dim;
  return trained;
}

}  // namespace pcnn::api

#include <atomic>
#include <exception>

#include "engine/api/denormals.h"
#include "engine/api/pcnn.h"
#include "engine/core/error.h"
#include "engine/run/interruption.h"
#include "engine/run/results.h"
#include "engine/run/run.h"
#include "engine/run/run_directory.h"

namespace pcnn::api {

namespace {

// Signals are the process's, and one run's at a time.
std::atomic_flag running = ATOMIC_FLAG_INIT;

class AloneInProcess {
 public:
  AloneInProcess() {
    if (running.test_and_set())
      throw ConfigError("train(): another training runs in this process, accepted: one at a time");
  }
  ~AloneInProcess() { running.clear(); }
  AloneInProcess(const AloneInProcess&) = delete;
  AloneInProcess& operator=(const AloneInProcess&) = delete;
};

// Calls back, and keeps what that throws: the run ends as if it had said no.
class Callbacks {
 public:
  template <typename Call>
  bool go_on(Call&& call) {
    try {
      return call();
    } catch (...) {
      thrown_ = std::current_exception();
      return false;
    }
  }
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  std::exception_ptr thrown_;
};

}  // namespace

Trained train(const Training& training) {
  const AloneInProcess alone;
  if (training.config.empty() == training.resume.empty())
    throw ConfigError(training.config.empty()
                          ? "train(): no config, accepted: a config, or a run to resume"
                          : "train(): a config and a run to resume, accepted: one of the two");
  const DenormalsFlushed flushed;
  Callbacks callbacks;
  Trained trained;
  RunOptions options{.config = training.config,
                     .resume = training.resume,
                     .overrides = training.overrides,
                     .verbosity = training.quiet ? Verbosity::kQuiet : Verbosity::kNormal};
  options.hooks.on_start = [&](const std::string& directory) { trained.directory = directory; };
  if (training.on_step)
    options.hooks.on_step = [&](const Progress& progress, std::int64_t epoch) {
      return callbacks.go_on([&] {
        return training.on_step({.step = progress.step,
                                 .epoch = epoch,
                                 .images = progress.images,
                                 .train_nats_per_dim = progress.epoch.nats_per_dim(),
                                 .images_per_second = progress.epoch.images_per_second(),
                                 .learning_rate = progress.learning_rate});
      });
    };
  if (training.on_epoch)
    options.hooks.on_epoch = [&](const EpochMetrics& epoch) {
      return callbacks.go_on([&] {
        return training.on_epoch({.epoch = epoch.epoch,
                                  .step = epoch.step,
                                  .train_nats_per_dim = epoch.train_nats_per_dim,
                                  .validation_nats_per_dim = epoch.validation_nats_per_dim,
                                  .images_per_second = epoch.images_per_second,
                                  .seconds = epoch.seconds});
      });
    };
  try {
    run(options);
  } catch (const Interrupted& interrupted) {
    callbacks.rethrow();
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

#include "engine/run/training_run.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/model/initialise.h"
#include "engine/run/interruption.h"
#include "engine/run/progress_line.h"
#include "engine/run/results.h"
#include "engine/run/serve.h"
#include "engine/run/standing.h"
#include "engine/run/validation.h"
#include "engine/train/head_from_data.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

// Thrown from inside the work, turned into Interrupted once all is saved.
struct Signalled {
  int signal;  // 0: a hook's word
};

void throw_where_signalled() {
  if (const int signal = InterruptionGuard::signal(); signal != 0) throw Signalled{signal};
}

constexpr std::chrono::seconds kInterruptSampleTimeout{3};

struct Stopwatch {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

std::vector<float> initial_parameters_of(const RunParts& run, const Workers& workers) {
  if (run.start) return run.start->values;
  std::vector<float> parameters =
      initial_parameters(run.network, run.config.model.initialisation, run.config.seed);
  if (run.config.model.head_init == HeadStart::kData && !run.resumes)  // a checkpoint takes their place
    start_head_from_data(run.network, *run.head, run.data.train, *run.coding, workers, parameters);
  return parameters;
}

}  // namespace

TrainingRun::TrainingRun(const RunParts& run, const RunHooks& hooks, const RunLock& lock,
                         const Workers& workers, Console& console)
    : run_(run),
      hooks_(hooks),
      lock_(lock),
      workers_(workers),
      console_(console),
      team_(send_model(run.ranks, run.resolved_yaml, run.network, shard_images(run.config.train, run.network),
                       run.precision, run.config.threads)),
      trainer_(run.network, *run.head, run.config.train, run.config.seed, initial_parameters_of(run, workers),
               workers, run.precision, team_),
      scorer_(run.network, *run.head, shard_images(run.config.train, run.network), workers, run.precision,
              team_),
      checkpoints_(run, lock, trainer_, console),
      outputs_(run, lock, workers, team_, console) {}

void TrainingRun::resume() {
  standing_ = checkpoints_.resume();
  is_resumed_ = true;
}

std::string TrainingRun::how_to_go_beyond() const {
  return pcnn::how_to_go_beyond(run_, trainer_, standing_);
}

std::optional<SpentBudget> TrainingRun::spent_here() const {
  return pcnn::spent_here(run_, trainer_, standing_);
}

std::int64_t TrainingRun::steps_per_epoch() const {
  return trainer_.steps_per_epoch(run_.data.train.count);
}

// Whether what is at hand has been validated: not before, or inside, an epoch.
bool TrainingRun::is_validated() const {
  return !standing_.epoch_is_open && trainer_.progress().step % steps_per_epoch() == 0;
}

std::int64_t TrainingRun::epoch() const {
  return trainer_.epoch(run_.data.train.count);
}

void TrainingRun::train() {
  const auto fail = [&](const auto& error) {
    record(Ended::kFailed, error.what(), run_.directory);
    throw error;
  };
  try {
    try {
      work();
    } catch (const Signalled& signalled) {
      stop(signalled.signal);
    } catch (const DivergenceError&) {
      lock_.check();
      has_diverged_ = true;
      if (!is_validated()) checkpoints_.drop_diverged();
      throw;
    } catch (const Error&) {
      lock_.check();  // which may be why
      throw;
    }
  } catch (const Interrupted&) {
    throw;
  } catch (const LostDirectory& lost) {
    leave(lost);
  } catch (const FileError& error) {
    if (!checkpoints_.has_any()) fail(error);
    fail(ConfigError(fmt::format("{}; step {} is saved: once that is mended, go on with `{}`", error.what(),
                                 checkpoints_.saved_step(), resume_command(run_.directory.path()))));
  } catch (const ComputeError& error) {
    if (!checkpoints_.has_latest()) fail(error);
    fail(ComputeError(fmt::format("{}; the state of step {} is kept in {}", error.what(),
                                  checkpoints_.saved_step(), run_.directory.checkpoint())));
  } catch (const std::exception& error) {
    record(Ended::kFailed, error.what(), run_.directory);
    throw;
  }
}

void TrainingRun::work() {
  lock_.check();
  std::string unread;
  (void)read_results(run_.directory.results(), unread);
  if (!unread.empty()) console_.warning(unread);
  std::error_code ignored;
  std::filesystem::remove(run_.directory.results(), ignored);  // of an end that is not the last any more
  const Progress& progress = trainer_.progress();
  if (is_resumed_) {
    outputs_.go_on_from({.step = progress.step,
                         .epochs = progress.step / steps_per_epoch(),
                         .epoch_is_open = standing_.epoch_is_open,
                         .epoch_goes_on = progress.step % steps_per_epoch() != 0 && !spent_here(),
                         .window_is_open = progress.window.steps > 0});
  }
  trainer_.lead();
  report_window();
  if (checkpoints_.has_latest())
    prepare_last_words();
  else
    save_checkpoint();  // the latest was damaged
  while (standing_.epoch_is_open || !spent_here()) {
    if (!standing_.epoch_is_open) train_to_the_end_of_the_epoch();
    finish_epoch();
  }
  report_final_scores();
}

// Once its last step is done. A run whose directory was moved under it may have saved without.
void TrainingRun::report_window() {
  const Progress& progress = trainer_.progress();
  if (progress.window.steps == 0 || !run_.config.train.ends_window(progress.step, steps_per_epoch())) return;
  outputs_.note_window(progress, steps_per_epoch());
  trainer_.begin_window();
}

void TrainingRun::save_checkpoint() {
  checkpoints_.save(standing_);
  prepare_last_words();
}

void TrainingRun::prepare_last_words() const {
  const Ending last = ending(
      Ended::kInterrupted, fmt::format("ended at once by a second signal; step {} is saved: go on with `{}`",
                                       checkpoints_.saved_step(), resume_command(run_.directory.path())));
  InterruptionGuard::set_last_words(
      {.directory_fd = lock_.directory_fd(), .line = last.reason, .results = ending_json(last)});
}

Ending TrainingRun::ending(Ended how, const std::string& reason) const {
  return {.how = how,
          .reason = reason,
          .step = trainer_.progress().step,
          .epoch = epoch(),
          .diverged = has_diverged_};
}

void TrainingRun::record(Ended how, const std::string& reason, const RunDirectory& directory) {
  console_.log(reason);
  record_ending(directory, ending(how, reason));
  InterruptionGuard::clear_last_words();
  outputs_.write_report(directory, name_of(how), reason);
}

void TrainingRun::train_to_the_end_of_the_epoch() {
  trainer_.run_epoch(run_.data.train, *run_.coding, [&](const Progress& progress) {
    standing_.epoch_is_open = progress.step % steps_per_epoch() == 0 || spent_here();
    lock_.check();  // before anything of this step is written
    if (console_.wants_live()) console_.live(progress_line(run_.config.train, progress, steps_per_epoch()));
    report_window();
    if (hooks_.on_step && !hooks_.on_step(progress, epoch())) is_told_to_stop_ = true;
    if (InterruptionGuard::signal() != 0 || is_told_to_stop_) return false;
    if (!standing_.epoch_is_open && checkpoints_.is_due()) save_checkpoint();
    return true;
  });
  save_checkpoint();
  throw_where_told_to_stop();
}

void TrainingRun::throw_where_told_to_stop() const {
  throw_where_signalled();
  if (is_told_to_stop_) throw Signalled{0};
}

// Everything is saved by now; what is left is to say so and to show it.
void TrainingRun::stop(int signal) {
  lock_.check();
  console_.clear_live();
  const std::int64_t step = trainer_.progress().step;
  const std::string by = InterruptionGuard::cause() == InterruptionCause::kOutrun
                             ? "stopped early by its sweep, whose other trials do better"
                         : signal == 0 ? "stopped by its caller"
                                       : fmt::format("interrupted by {}", name_of_signal(signal));
  const std::string reason =
      fmt::format("{}; step {} is saved: go on with `{}`", by, step, resume_command(run_.directory.path()));
  record(Ended::kInterrupted, reason, run_.directory);
  if (run_.config.sample.count > 0) {
    const auto start = std::chrono::steady_clock::now();
    try {
      outputs_.draw_grid(trainer_.evaluation_parameters(), step, run_.directory.interrupted_samples(step),
                         [&] {
                           if (std::chrono::steady_clock::now() - start > kInterruptSampleTimeout)
                             throw Signalled{signal};
                         });
    } catch (const Signalled&) {
      console_.line("no samples: they would take longer than an interrupted run may");
    }
  }
  outputs_.write_report(run_.directory, name_of(Ended::kInterrupted), reason);
  throw Interrupted(signal, reason);
}

void TrainingRun::leave(const LostDirectory& lost) {
  console_.clear_live();
  InterruptionGuard::clear_last_words();
  std::string line = fmt::format("{}; the run ends at step {}", lost.what(), trainer_.progress().step);
  const RunDirectory there = RunDirectory::at(lost.place());
  if (lost.is_locked()) {
    try {
      checkpoints_.save(standing_, there);
    } catch (const Error& error) {
      line += fmt::format("; {}", error.what());
    }
  }
  if (std::filesystem::exists(there.checkpoint()))
    line += fmt::format("; step {} is saved: go on with `{}`", checkpoints_.saved_step(),
                        resume_command(there.path()));
  if (lost.is_locked())
    record(Ended::kFailed, line, there);
  else
    console_.log(line);
  throw ConfigError(line);
}

Score TrainingRun::score(std::string_view split, std::span<const float> parameters, const ImageSet& images) {
  return score_split(run_, trainer_, scorer_, split, parameters, images, throw_where_signalled);
}

void TrainingRun::finish_epoch() {
  const Progress& progress = trainer_.progress();
  const SampleConfig& sample = run_.config.sample;
  const std::span<const float> parameters = trainer_.evaluation_parameters();
  const Stopwatch validating;
  const double validation = score("validation", parameters, run_.data.validation).nats_per_dim;
  const double validation_seconds = validating.seconds();
  const std::optional<BestEpoch> best = judge_validation(run_, trainer_, standing_, validation);
  const Stopwatch sampling;
  if (best) {
    checkpoints_.save_best(*best);
    standing_.best = best;
  }
  if (sample.count > 0 && (spent_here() || epoch() % sample.every_epochs == 0))
    outputs_.draw_grid(parameters, progress.step, run_.directory.samples(epoch()), throw_where_signalled);
  const double sampling_seconds = sampling.seconds();

  const EpochMetrics metrics{.epoch = epoch(),
                             .step = progress.step,
                             .images = progress.images,
                             .seconds = progress.seconds,
                             .images_per_second = progress.epoch.images_per_second(),
                             .train_nats_per_dim = progress.epoch.nats_per_dim(),
                             .validation_nats_per_dim = validation,
                             .learning_rate = progress.learning_rate,
                             .grad_norm = progress.epoch.grad_norm()};
  outputs_.note_epoch(metrics);
  standing_.epoch_is_open = false;
  save_checkpoint();
  outputs_.write_report(run_.directory, "training");
  console_.line(fmt::format("epoch {}  {}  {}  {:.0f} images/s  train {:.4f}  validation {:.4f} nats/dim{}",
                            epoch(), counted(progress.step, "step"), clock_text(progress.epoch.seconds),
                            progress.epoch.images_per_second(), progress.epoch.nats_per_dim(), validation,
                            best ? "  best so far" : ""));
  console_.detail(
      fmt::format("  learning rate {:.3g}, gradient norm {:.3g}; validation took {:.2f} s, samples {:.2f} s",
                  progress.learning_rate, progress.epoch.grad_norm(), validation_seconds, sampling_seconds));
  if (hooks_.on_epoch && !hooks_.on_epoch(metrics)) is_told_to_stop_ = true;
  throw_where_told_to_stop();
}

void TrainingRun::report_final_scores() {
  std::optional<std::vector<float>> best;
  try {
    best = checkpoints_.read_best();
  } catch (const FormatError& error) {
    console_.warning(fmt::format("{}; only the last parameters are scored", error.what()));
  } catch (const SystemError& error) {
    if (error.cause() != ENOENT) throw;  // they may well be good
    console_.warning(fmt::format("{}; only the last parameters are scored", error.what()));
  }

  const Ending end = ending(Ended::kCompleted, spent_here()->reason);
  console_.line(end.reason);
  console_.line(fmt::format("{}, {}", describe_split(run_.config.data, run_.data.test, "test"),
                            run_.coding->describe()));
  std::vector<FinalScore> scores;
  const auto report = [&](const std::string& which, std::int64_t epoch, std::span<const float> parameters) {
    const Score result = score("test", parameters, run_.data.test);
    scores.push_back({.parameters = which,
                      .epoch = epoch,
                      .images = result.images,
                      .nats_per_dim = result.nats_per_dim,
                      .nats_per_image = result.nats_per_image,
                      .bits_per_dim = result.bits_per_dim});
    console_.line(fmt::format("test  {:.4f} nats/dim  {:.2f} nats/image  {:.4f} bits/dim  ({}, epoch {})",
                              result.nats_per_dim, result.nats_per_image, result.bits_per_dim, which, epoch));
  };
  if (best) report("lowest validation loss", standing_.best->epoch, *best);
  if (!best || standing_.best->epoch != epoch()) report("last", epoch(), trainer_.evaluation_parameters());
  if (!run_.data.note.empty()) console_.warning("note: " + run_.data.note);
  lock_.check();
  write_results(run_, end, scores);
  outputs_.note_scores(end.step, scores);
  InterruptionGuard::clear_last_words();
  outputs_.write_report(run_.directory, name_of(end.how), end.reason);
}

}  // namespace pcnn

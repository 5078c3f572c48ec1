#include "engine/run/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>

#include "engine/compile/backend.h"
#include "engine/core/counted.h"
#include "engine/core/error.h"
#include "engine/core/machine.h"
#include "engine/core/version.h"
#include "engine/io/file.h"
#include "engine/run/dry_run.h"
#include "engine/run/ending.h"
#include "engine/run/interruption.h"
#include "engine/run/run_lock.h"
#include "engine/run/sweep_hint.h"
#include "engine/run/training_run.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

// What a resumed run may change without becoming another run.
constexpr std::array kResumableKeys{"train.epochs",
                                    "train.steps",
                                    "train.seconds",
                                    "train.patience",
                                    "train.report_every",
                                    "train.checkpoint_every.",
                                    "data.directory",
                                    "threads",
                                    "sample."};

void check_resumable(const std::vector<std::string>& overrides) {
  for (const std::string& override_text : overrides) {
    const bool allowed = std::ranges::any_of(
        kResumableKeys, [&](std::string_view key) { return override_text.substr(0, key.size()) == key; });
    if (!allowed)
      throw ConfigError("override '" + override_text +
                        "': a resumed run keeps its config; what may change: train.epochs, train.steps, "
                        "train.seconds, train.patience, train.report_every, train.checkpoint_every.*, "
                        "data.directory, threads, sample.*");
  }
}

// A run that could not be resumed ended as it did before.
void note_failed_start(const std::string& reason, const RunDirectory& directory, Console& console,
                       bool resumes) {
  try {
    console.log_to(directory.log());
    console.log(reason);
  } catch (const FileError&) {
  }
  if (!resumes) record_ending(directory, {.how = Ended::kFailed, .reason = reason});
}

// The run, ready to train, and its log; null where a resumed one has nothing left to do.
std::unique_ptr<TrainingRun> set_up(const RunParts& run, const RunLock& lock, const Workers& workers,
                                    Console& console, bool resumes) {
  const RunDirectory& directory = run.directory;
  directory.remove_leftovers();
  try {
    auto training = std::make_unique<TrainingRun>(run, lock, workers, console);
    if (resumes) {
      training->resume();
      if (const std::string line = training->how_to_go_beyond(); !line.empty()) {
        console.line(line);
        return nullptr;
      }
    }
    lock.check();
    write_file_atomic(directory.config(), run.resolved_yaml);  // what may change did, once all is well
    console.log_to(directory.log());
    return training;
  } catch (const std::exception& error) {
    try {
      lock.check();
    } catch (const LostDirectory& lost) {  // what has its name now is left alone
      throw ConfigError(lost.what());
    }
    note_failed_start(error.what(), directory, console, resumes);
    throw;
  }
}

void introduce(const RunParts& run, bool resumes, Console& console) {
  console.line(fmt::format("{} {}: {} parameters ({} live), {} and {}, {}, shards of {}, {}",
                           resumes ? "resuming" : "run", run.directory.path(), run.network.parameter_count(),
                           run.network.live_parameter_count(), counted(run.data.train.count, "train image"),
                           counted(run.data.validation.count, "validation image"),
                           counted(run.config.threads, "thread"), shard_images(run.config.train, run.network),
                           name_of(run.precision)));
  if (run.start) console.line(fmt::format("starts from the parameters of {}", run.start->path));
  const Backend here = backend();
  console.detail(fmt::format("pcnn {} on {}, {} ({}), {}", version(), processor_name(), here.library,
                             here.runtime, here.instruction_set));
}

void note_all(const RunParts& run, const ChosenPrecision& chosen, const ConfigDocument& document,
              Console& console) {
  if (!chosen.note.empty()) console.warning(chosen.note);
  for (const std::string& note : run.config.notes) console.warning("note: " + note);
  if (!run.data.note.empty()) console.warning("note: " + run.data.note);
  if (!run.data.passed_over.empty()) console.warning("note: " + run.data.passed_over);
  if (document.root().has("sweep"))
    console.warning("note: one run; the config's sweep is for pcnn-sweep, or pcnn-run --multirun");
}

}  // namespace

void run(const RunOptions& options) {
  const bool resumes = !options.resume.empty();
  if (resumes) check_resumable(options.overrides);
  if (resumes) refuse_sweep(options.resume, "pcnn-run --resume ");
  const std::string config_path = resumes ? RunDirectory::open(options.resume).config() : options.config;
  const ConfigDocument document = ConfigDocument::from_file(config_path, options.overrides);
  const RunConfig config = read_run_config(document, std::filesystem::path(config_path).stem().string());

  Console console(options.verbosity);
  console.set_plain_interval(std::chrono::seconds(options.progress_seconds));
  const ChosenPrecision chosen = choose_precision(config.precision);
  const auto start = std::chrono::steady_clock::now();
  const RunParts parts = make_parts(config, document, chosen.precision, options.resume);
  const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - start;
  if (options.dry_run) {
    describe_run(parts, resumes, loading.count(), console);
    note_all(parts, chosen, document, console);
    return;
  }

  const RunDirectory& directory = parts.directory;
  const InterruptionGuard interruptions;
  if (!resumes) RunDirectory::create(directory.path());
  const RunLock lock(directory.path());
  const Workers workers(config.threads);
  const std::unique_ptr<TrainingRun> training = set_up(parts, lock, workers, console, resumes);
  if (!training) return;
  introduce(parts, resumes, console);
  console.detail(fmt::format("the data took {:.2f} s to load and check", loading.count()));
  note_all(parts, chosen, document, console);
  training->train();
  console.line("samples, curves and parameters are in " + directory.path());
}

}  // namespace pcnn

#include "engine/run/run.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "engine/compile/backend.h"
#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/machine.h"
#include "engine/core/version.h"
#include "engine/io/file.h"
#include "engine/run/dry_run.h"
#include "engine/run/interruption.h"
#include "engine/run/new_directory.h"
#include "engine/run/resumable.h"
#include "engine/run/run_lock.h"
#include "engine/run/run_start.h"
#include "engine/run/sweep_hint.h"
#include "engine/run/training_run.h"
#include "engine/train/shard_size.h"

namespace pcnn {
namespace {

// A run that could not be resumed ended as it did before.
void log_failed_resume(const std::string& reason, const RunDirectory& directory, Console& console) {
  try {
    console.log_to(directory.log());
    console.log(reason);
  } catch (const FileError&) {
  }
}

// From the checkpoint of its directory; null where it has nothing left to do.
std::unique_ptr<TrainingRun> resumed(const RunParts& run, const RunHooks& hooks, const RunLock& lock,
                                     const Workers& workers, Console& console) {
  const RunDirectory& directory = run.directory;
  directory.remove_leftovers();
  remove_abandoned_start(directory.path(), run_start_files());
  try {
    auto training = std::make_unique<TrainingRun>(run, hooks, lock, workers, console);
    training->resume();
    if (const std::string line = training->how_to_go_beyond(); !line.empty()) {
      console.line(line);
      return nullptr;
    }
    lock.check();
    write_file_atomic(directory.config(), run.resolved_yaml);  // what may change did, once all is well
    console.log_to(directory.log());
    return training;
  } catch (const std::exception& error) {
    lock.check();  // what has its name now is left alone
    log_failed_resume(error.what(), directory, console);
    throw;
  }
}

// At its first step, in a directory that has its name once all is in it that a resume needs.
std::unique_ptr<TrainingRun> begun(const RunParts& run, const RunHooks& hooks, NewDirectory& made,
                                   const Workers& workers, Console& console) {
  const RunDirectory there = RunDirectory::at(made.place());
  try {
    auto training = std::make_unique<TrainingRun>(run, hooks, made.lock(), workers, console);
    there.make_samples_folder();
    training->save_start(there);
    write_file_atomic(there.config(), run.resolved_yaml);
    console.log_to(there.log(), run.directory.log());
    if (const std::string note = made.take_name(); !note.empty()) console.warning(note);
    return training;
  } catch (const Error&) {
    made.lock().check();  // which may be why
    throw;
  }
}

void introduce(const RunParts& run, bool resumes, Console& console) {
  console.line(fmt::format("{} {}: {} parameters ({} live), {} and {}, {}, shards of {}, {}",
                           resumes ? "resuming" : "run", run.directory.path(), run.network.parameter_count(),
                           run.network.live_parameter_count(), counted(run.data.train.count, "train image"),
                           counted(run.data.validation.count, "validation image"),
                           (run.ranks ? fmt::format("{} ranks of ", run.ranks->size()) : "") +
                               counted(run.config.threads, "thread"),
                           shard_images(run.config.train, run.network), name_of(run.precision)));
  if (run.start) console.line(fmt::format("starts from the parameters of {}", run.start->path));
  const Backend here = backend();
  console.detail(fmt::format("pcnn {} on {}, {} ({}), {}; samples in {}", version(), processor_name(),
                             here.library, here.runtime, here.instruction_set,
                             pixel_kernel(run.precision).arithmetic));
}

void note_all(const RunParts& run, const ChosenPrecision& chosen, const ConfigDocument& document,
              Console& console) {
  if (!chosen.note.empty()) console.warning(chosen.note);
  for (const std::string& note : run.config.notes) console.warning("note: " + note);
  if (run.start && !run.start->note.empty()) console.warning("note: " + run.start->note);
  if (!run.data.note.empty()) console.warning("note: " + run.data.note);
  if (!run.data.passed_over.empty()) console.warning("note: " + run.data.passed_over);
  if (document.root().has("sweep"))
    console.warning("note: one run; the config's sweep is for pcnn-sweep, or pcnn-run --multirun");
}

}  // namespace

void run(const RunOptions& options) {
  const bool resumes = !options.resume.empty();
  std::string config_path = options.config;
  if (resumes) {
    check_resumable(options.overrides);
    refuse_sweep(options.resume, "pcnn-run --resume ");
    const RunDirectory directory = RunDirectory::open(options.resume);
    directory.check_files();
    config_path = directory.config();
  }
  const ConfigDocument document = ConfigDocument::from_file(config_path, options.overrides);
  const RunConfig config = read_run_config(document, std::filesystem::path(config_path).stem().string());

  Console console(options.verbosity);
  console.set_plain_interval(std::chrono::seconds(options.progress_seconds));
  const ChosenPrecision chosen = choose_precision(config.precision);
  const auto start = std::chrono::steady_clock::now();
  RunParts parts = make_parts(config, document, chosen.precision, options.resume);
  parts.ranks = options.ranks;
  const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - start;
  const Workers workers(config.threads);  // a dry run, too, says where there are not so many to be had
  if (options.dry_run) {
    describe_run(parts, resumes, loading.count(), workers, console);
    note_all(parts, chosen, document, console);
    return;
  }

  const InterruptionGuard interruptions;
  std::optional<RunLock> own;
  std::optional<NewDirectory> made;
  if (resumes)
    own.emplace(parts.directory.path());
  else
    made.emplace(parts.directory.path(), run_start_files());
  const std::unique_ptr<TrainingRun> training = resumes
                                                    ? resumed(parts, options.hooks, *own, workers, console)
                                                    : begun(parts, options.hooks, *made, workers, console);
  if (options.hooks.on_start) options.hooks.on_start(parts.directory.path());
  if (!training) return;
  introduce(parts, resumes, console);
  console.detail(fmt::format("the data took {:.2f} s to load and check", loading.count()));
  note_all(parts, chosen, document, console);
  training->train();
  console.line("samples, curves and parameters are in " + parts.directory.path());
}

}  // namespace pcnn

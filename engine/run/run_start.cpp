#include "engine/run/run_start.h"

#include <filesystem>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/shell_word.h"
#include "engine/run/results.h"
#include "engine/run/run_directory.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

// Whether it speaks of a run that failed before its first step.
bool is_of_failed_start(const RunDirectory& directory) {
  std::string note;  // of one that cannot be read
  const std::optional<RunResults> results = read_results(directory.results(), note);
  return results && results->scores.empty() && results->ending && results->ending->step == 0;
}

bool is_left_by_start(const std::string& path, const std::string& name) {
  const RunDirectory directory = RunDirectory::at(path);
  // The report is taken for that of the results beside it.
  if (name == "results.json" || name == "report.html") return is_of_failed_start(directory);
  if (name != "samples") return RunDirectory::is_leftover(name);
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(path + "/samples", error))
    if (!RunDirectory::is_leftover(file.path().filename().string())) return false;
  return !error;
}

}  // namespace

const StartFiles& run_start_files() {
  static const StartFiles files{.what = "run",
                                .whole = "checkpoint.safetensors",
                                .config = "config.yaml",
                                .log = "log.txt",
                                .is_left_by_start = is_left_by_start};
  return files;
}

void check_new_run(const std::string& path) {
  if (RunDirectory::at(path).can_be_resumed())
    throw ConfigError(path + ": exists already; continue it with `pcnn-run --resume " + shell_word(path) +
                      "`, or choose another directory with name=NAME or output=DIRECTORY");
  check_can_begin(path, run_start_files());
}

}  // namespace pcnn

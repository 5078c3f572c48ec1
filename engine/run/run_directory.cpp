#include "engine/run/run_directory.h"

#include <fmt/format.h>

#include <filesystem>

#include "engine/core/error.h"
#include "engine/core/regular_file.h"
#include "engine/core/shell_word.h"
#include "engine/io/file.h"
#include "engine/io/leftovers.h"

namespace pcnn {

namespace fs = std::filesystem;

namespace {

// What a run needs to be resumed and is not there; "" where it has all.
std::string missing_file(const RunDirectory& directory) {
  if (!file_exists(directory.config())) return directory.config();
  return file_exists(directory.checkpoint()) || file_exists(directory.previous()) ? ""
                                                                                  : directory.checkpoint();
}

}  // namespace

RunDirectory RunDirectory::open(const std::string& path) {
  RunDirectory directory(fs::path(path).lexically_normal().string());
  while (directory.path_.size() > 1 && directory.path_.back() == '/') directory.path_.pop_back();
  if (const std::string missing = missing_file(directory); !missing.empty())
    throw ConfigError(path + ": not a run that can be resumed: " + missing + " is missing");
  return directory;
}

bool RunDirectory::is_leftover(std::string_view name) {
  return is_half_written(name) || name.ends_with(".safetensors.next");
}

bool RunDirectory::can_be_resumed() const {
  return missing_file(*this).empty();
}

void RunDirectory::check_files() const {
  for (const std::string& path : {metrics(), results(), best(), previous()})
    if (file_exists(path)) require_regular_file(path);
  std::error_code error;
  if (fs::is_directory(log(), error)) require_regular_file(log());  // a device may be meant
}

void RunDirectory::make_samples_folder() const {
  std::error_code error;
  fs::create_directory(path_ + "/samples", error);
  if (error) throw SystemError(path_ + "/samples", "cannot be made", error.value());
}

void RunDirectory::remove_leftovers() const {
  remove_leftovers_below(path_);
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; at != end; at.increment(error))
    if (at->path().filename().native().ends_with(".safetensors.next")) fs::remove(at->path(), error);
}

std::string RunDirectory::interrupted_samples(std::int64_t step) const {
  return fmt::format("{}/samples/step-{:08}.png", path_, step);
}

std::string RunDirectory::samples(std::int64_t epoch) const {
  return fmt::format("{}/samples/epoch-{:04}.png", path_, epoch);
}

}  // namespace pcnn

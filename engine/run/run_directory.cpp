#include "engine/run/run_directory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/core/shell_word.h"
#include "engine/io/leftovers.h"

namespace pcnn {

namespace fs = std::filesystem;

namespace {

// What a run needs to be resumed and is not there; "" where it has all.
std::string missing_file(const RunDirectory& directory) {
  std::error_code error;
  if (!fs::exists(directory.config(), error)) return directory.config();
  return fs::exists(directory.checkpoint(), error) || fs::exists(directory.previous(), error)
             ? ""
             : directory.checkpoint();
}

}  // namespace

void RunDirectory::check_new(const std::string& path) {
  std::error_code error;
  if (fs::exists(path, error))
    throw ConfigError(path + ": exists already" +
                      (missing_file(RunDirectory(path)).empty()
                           ? "; continue it with `pcnn-run --resume " + shell_word(path) + "`, or choose"
                           : ", without a checkpoint to continue from; remove it, or choose") +
                      " another directory with name=NAME or output=DIRECTORY");
  fs::path there = fs::absolute(path).lexically_normal().parent_path();
  while (!fs::exists(there, error) && there.has_relative_path()) there = there.parent_path();
  if (!fs::is_directory(there, error))
    throw FileError(path, "cannot be made: " + there.string() + " is no folder");
  if (access(there.c_str(), W_OK | X_OK) != 0)
    throw FileError(path, "cannot be made: " + there.string() + ": " + std::strerror(errno));
}

RunDirectory RunDirectory::create(const std::string& path) {
  check_new(path);
  std::error_code error;
  fs::create_directories(path + "/samples", error);
  if (error) throw FileError(path, "cannot be made: " + error.message());
  return RunDirectory(path);
}

RunDirectory RunDirectory::open(const std::string& path) {
  RunDirectory directory(fs::path(path).lexically_normal().string());
  while (directory.path_.size() > 1 && directory.path_.back() == '/') directory.path_.pop_back();
  if (const std::string missing = missing_file(directory); !missing.empty())
    throw ConfigError(path + ": not a run that can be resumed: " + missing + " is missing");
  return directory;
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

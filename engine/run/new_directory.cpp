#include "engine/run/new_directory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/io/leftovers.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLock = "lock", kBefore = ".before";
constexpr const char* kChoose = "choose another directory with name=NAME or output=DIRECTORY";

// Throws ConfigError where something is in the place of a directory in the making: it is not followed, and
// not written to.
void refuse_other_than_directory(const std::string& place, const std::string& path) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(place, error).type();
  if (type == fs::file_type::not_found || type == fs::file_type::directory) return;
  if (type == fs::file_type::none) throw SystemError(place, "cannot be looked at", error.value());
  throw ConfigError(fmt::format("{}: is {}, and {} is to be made under that name; move it away", place,
                                type == fs::file_type::symlink ? "a symbolic link" : "no directory", path));
}

// Throws FileError where it cannot be listed.
std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename().string());
  if (error) throw SystemError(directory, "cannot be listed", error.value());
  std::ranges::sort(names);
  return names;
}

bool is_regular(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() == fs::file_type::regular;
}

bool is_left_by_start(const std::string& directory, const std::string& name, const StartFiles& files) {
  if (name == kLock || name == files.config || name == files.log || is_half_written(name))
    return is_regular(directory + "/" + name);
  return files.is_left_by_start(directory, name);
}

// Throws where something has the name that is more than a start that came to nothing.
void refuse_what_is_more(const std::string& path, const StartFiles& files) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(path, error).type();
  if (type == fs::file_type::not_found) return;
  if (type != fs::file_type::directory)
    throw ConfigError(fmt::format("{}: exists already and is no directory; {}", path, kChoose));
  // Whoever asks has looked for it; so it came meanwhile, or something else is missing.
  if (file_exists(fmt::format("{}/{}", path, files.whole)))
    throw ConfigError(fmt::format("{}: exists already, with its {}; {}", path, files.whole, kChoose));
  for (const std::string& name : names_in(path))
    if (!is_left_by_start(path, name, files))
      throw ConfigError(
          fmt::format("{}: exists already and is no {} that can be begun anew: it holds {} and no "
                      "{}; {}",
                      path, files.what, name, files.whole, kChoose));
}

// All but the lock. Opens nothing but folders that are not empty.
void empty_directory(const std::string& directory, const RunLock& lock) {
  for (const std::string& name : lock.names()) {
    const std::string path = directory + "/" + name;
    std::error_code error;
    if (name == kLock) continue;
    if (fs::remove(path, error); error) fs::remove_all(path, error);
    if (error) throw SystemError(path, "cannot be removed", error.value());
  }
}

// As far as it can be: what stays is used up by the next start.
void remove_emptied(const std::string& directory, std::optional<RunLock>& lock) {
  try {
    empty_directory(directory, *lock);
  } catch (const FileError&) {
  }
  lock.reset();
  std::error_code ignored;
  fs::remove(directory, ignored);
}

// What a start may have put into the directory under its first name.
void refuse_other_than_start(const std::string& place, const std::string& path, const StartFiles& files) {
  for (const std::string& name : names_in(place))
    if (!is_left_by_start(place, name, files) && name != files.whole && !name.ends_with(kBefore))
      throw ConfigError(fmt::format("{}: {} in it is not of a start of {}; move it away", place, name, path));
}

void check_parent(const std::string& path) {
  std::error_code error;
  fs::path there = fs::absolute(path).lexically_normal().parent_path();
  while (!fs::exists(there, error) && there.has_relative_path()) there = there.parent_path();
  if (!fs::is_directory(there, error))
    throw FileError(path, "cannot be made: " + there.string() + " is no folder");
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    throw SystemError(path, "cannot be made: " + there.string(), errno);
}

}  // namespace

std::string starting_name(const std::string& path) {
  const fs::path own(path);
  return (own.parent_path() / ("." + own.filename().string() + ".starting")).string();
}

void check_can_begin(const std::string& path, const StartFiles& files) {
  refuse_what_is_more(path, files);
  refuse_other_than_directory(starting_name(path), path);
  for (const std::string& directory : {path, starting_name(path)})
    if (file_exists(directory)) RunLock::check_free(directory, path);
  check_parent(path);
}

void remove_abandoned_start(const std::string& path, const StartFiles& files) {
  const std::string place = starting_name(path);
  std::error_code error;
  if (!fs::exists(place, error)) return;
  try {
    refuse_other_than_directory(place, path);
    std::optional<RunLock> lock(std::in_place, place, path);
    refuse_other_than_start(place, path, files);
    remove_emptied(place, lock);
  } catch (const Error&) {
  }
}

NewDirectory::NewDirectory(std::string path, const StartFiles& files)
    : path_(std::move(path)), place_(starting_name(path_)), files_(files) {
  std::error_code error;
  fs::create_directories(fs::path(path_).parent_path(), error);
  if (error) throw SystemError(path_, "cannot be made", error.value());
  make_and_lock();
  try {
    refuse_other_than_start(place_, path_, files_);
    empty_directory(place_, *lock_);
    if (!file_exists(path_)) return;
    refuse_what_is_more(path_, files_);
    unfinished_.emplace(path_);
    refuse_what_is_more(path_, files_);  // until it was locked it may have become whole
    take_over_log();
  } catch (...) {
    lock_.reset();
    fs::remove(place_, error);  // where it is empty
    throw;
  }
}

void NewDirectory::make_and_lock() {
  for (int attempts_left = 10;; --attempts_left) {
    std::error_code error;
    fs::create_directory(place_, error);
    refuse_other_than_directory(place_, path_);
    if (error) throw SystemError(path_, "cannot be made", error.value());
    try {
      lock_.emplace(place_, path_);
      return;
    } catch (const SystemError& refused) {
      fs::remove(place_, error);
      // A process whose start failed may have removed it just before.
      if (refused.cause() != ENOENT || attempts_left == 0) throw;
    }
  }
}

NewDirectory::~NewDirectory() {
  if (place_ == path_) return;
  try {
    lock_->check();  // or it is another's by now
    remove_emptied(place_, lock_);
  } catch (const LostDirectory&) {
  }
}

void NewDirectory::take_over_log() {
  const std::string log = fmt::format("{}/{}", path_, files_.log);
  if (file_exists(log)) write_file_atomic(fmt::format("{}/{}", place_, files_.log), read_text_file(log));
}

// Whether there was another is said by the note.
std::string NewDirectory::keep_other_config() const {
  const std::string before = fmt::format("{}/{}", path_, files_.config),
                    now = fmt::format("{}/{}", place_, files_.config);
  if (!file_exists(before)) return "";
  const std::string text = read_text_file(before);
  if (file_exists(now) && text == read_text_file(now)) return "";
  write_file_atomic(now + std::string(kBefore), text);
  return fmt::format(", its other {0} is kept as {0}{1}", files_.config, kBefore);
}

// On a file system that cannot exchange names, a kill in between leaves neither: the same command begins
// anew.
void NewDirectory::replace_unfinished() {
  unfinished_->check();
  if (exchange_names(place_, path_)) {
    lock_->follow(path_);
    remove_emptied(std::exchange(place_, path_), unfinished_);
    return;
  }
  empty_directory(path_, *unfinished_);
  unfinished_.reset();
  rename_durably(place_, path_);
}

std::string NewDirectory::take_name() {
  lock_->check();
  std::string note;
  try {
    if (unfinished_) {
      if (names_in(path_).size() > 1)  // beside the lock
        note = fmt::format("note: {} was begun before and never came to {}: it begins anew{}", path_,
                           files_.whole, keep_other_config());
      replace_unfinished();
    } else {
      rename_durably(place_, path_);
    }
  } catch (const SystemError& error) {
    if (error.cause() != ENOTEMPTY && error.cause() != EEXIST && error.cause() != ENOTDIR) throw;
    throw ConfigError(fmt::format("{}: another process took the name meanwhile; {}", path_, kChoose));
  }
  place_ = path_;
  lock_->follow(path_);
  return note;
}

}  // namespace pcnn

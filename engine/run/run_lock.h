#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace pcnn {

// The run directory is no longer what the run was given: removed, moved, replaced, or without its lock.
// What is written by path from then on would go elsewhere, or into the run of another process.
class LostDirectory : public Error {
 public:
  LostDirectory(const std::string& message, std::string place, bool is_locked)
      : Error(message), place_(std::move(place)), is_locked_(is_locked) {}
  // Where the directory lies now; "" where it is gone.
  [[nodiscard]] const std::string& place() const { return place_; }
  // Whether it still has its lock, and may be written to.
  [[nodiscard]] bool is_locked() const { return is_locked_; }

 private:
  std::string place_;
  bool is_locked_;
};

// Another process holds the lock of a directory.
class DirectoryInUse : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

// Whether one process holds a lock, or any number that take turns by other means.
enum class Holders { kOne, kMany };

// The right to write into a run directory: a lock on its file `lock`, which holds the process id. The system
// drops the lock when its process ends, however it ends, so a file left behind locks nothing.
// One thread at a time.
class RunLock {
 public:
  // Throws DirectoryInUse where another process holds it, naming that process; FileError where the file
  // cannot be made, or locked. `called`: the directory's name in messages, where that is to be another.
  explicit RunLock(const std::string& directory) : RunLock(directory, directory) {}
  RunLock(const std::string& directory, std::string called, Holders holders = Holders::kOne);
  // Throws what the constructor would, as far as that can be told without making or taking anything.
  static void check_free(const std::string& directory) { check_free(directory, directory); }
  static void check_free(const std::string& directory, const std::string& called);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  // Throws LostDirectory where the directory at the path is not the one that was locked, or its lock file not
  // the one that is held. Takes a few microseconds.
  void check() const;
  // From now on others may hold it too that take it for Holders::kMany.
  void share();
  // A file in the directory that goes with the lock file, where the last of many holders ends.
  void remove_at_the_end(std::string name) { companion_ = std::move(name); }
  // Whoever holds the lock has renamed the directory.
  void follow(const std::string& directory);
  // Of everything in the directory, in order; it opens nothing, so that it works where no more files may be
  // opened. Throws FileError.
  [[nodiscard]] std::vector<std::string> names() const;
  // Of the directory, wherever it is moved.
  [[nodiscard]] int directory_fd() const { return directory_fd_; }

 private:
  [[nodiscard]] bool holds_lock_file() const;

  std::string directory_, called_;
  std::string path_;
  std::string companion_;
  Holders holders_;
  int fd_ = -1;
  int directory_fd_ = -1;  // follows the directory wherever it is moved
};

}  // namespace pcnn

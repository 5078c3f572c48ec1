#pragma once

#include <string>

namespace pcnn {

// The right to write into a run directory: a lock on its file `lock`, which holds the process id. The system
// drops the lock when its process ends, however it ends, so a file left behind locks nothing.
class RunLock {
 public:
  // Throws ConfigError where another process holds it, naming that process; FileError where the file cannot
  // be made.
  explicit RunLock(const std::string& directory);
  // Throws that ConfigError, without making or taking anything.
  static void check_free(const std::string& directory);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace pcnn

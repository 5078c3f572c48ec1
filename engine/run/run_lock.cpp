#include "engine/run/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "engine/core/error.h"

namespace pcnn {
namespace {

std::string holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t length = ::pread(fd, text.data(), text.size() - 1, 0);
  std::string id(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id.empty() ? "another process" : "process " + id;
}

// The last holder removes the file, so the one that was opened may be gone by the time it is locked.
bool is_at(int fd, const std::string& path) {
  struct stat opened {
  }, there{};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &there) == 0 && opened.st_ino == there.st_ino &&
         opened.st_dev == there.st_dev;
}

[[noreturn]] void refuse(const std::string& directory, const std::string& holder) {
  throw ConfigError(directory + ": in use by " + holder + "; wait for it or stop it, or choose another name");
}

}  // namespace

void RunLock::check_free(const std::string& directory) {
  const int fd = ::open((directory + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const bool is_held = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const std::string by = is_held ? holder(fd) : "";
  ::close(fd);
  if (is_held) refuse(directory, by);
}

RunLock::RunLock(const std::string& directory) : path_(directory + "/lock") {
  do {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) throw FileError(path_, std::string("cannot be made: ") + std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const int cause = errno;
      const std::string by = holder(fd_);
      ::close(fd_);
      if (cause != EWOULDBLOCK)
        throw FileError(path_, std::string("cannot be locked: ") + std::strerror(cause));
      refuse(directory, by);
    }
  } while (!is_at(fd_, path_));
  const std::string id = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, id.data(), id.size(), 0) < 0) {
    // The id is for the message above alone.
  }
}

RunLock::~RunLock() {
  ::unlink(path_.c_str());
  ::close(fd_);
}

}  // namespace pcnn

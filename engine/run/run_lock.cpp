#include "engine/run/run_lock.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

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

// Whether the open file or directory is the one that has this name; a relative name is looked up in `base`.
bool is_at(int fd, const std::string& path, int base = AT_FDCWD) {
  struct stat opened {
  }, there{};
  return ::fstat(fd, &opened) == 0 && ::fstatat(base, path.c_str(), &there, 0) == 0 &&
         opened.st_ino == there.st_ino && opened.st_dev == there.st_dev;
}

// Where an open directory lies now; "" where it was removed, or cannot be found.
std::string place_of(int fd) {
  std::error_code error;
  const std::filesystem::path place =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  return !error && is_at(fd, place.string()) ? place.string() : "";
}

[[noreturn]] void refuse(const std::string& directory, const std::string& holder) {
  throw DirectoryInUse(directory + ": in use by " + holder +
                       "; wait for it or stop it, or choose another name");
}

}  // namespace

void RunLock::check_free(const std::string& directory, const std::string& called) {
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (::access(directory.c_str(), W_OK | X_OK) == 0) return;
    throw SystemError(path, "cannot be made", errno);
  }
  const bool is_held = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const std::string by = is_held ? holder(fd) : "";
  ::close(fd);
  if (is_held) refuse(called, by);
}

RunLock::RunLock(const std::string& directory, std::string called, Holders holders)
    : directory_(directory), called_(std::move(called)), path_(directory + "/lock"), holders_(holders) {
  do {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd_ < 0) throw SystemError(path_, "cannot be made", errno);
    if (::flock(fd_, (holders == Holders::kOne ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
      const int cause = errno;
      const std::string by = holder(fd_);
      ::close(fd_);
      if (cause != EWOULDBLOCK) throw SystemError(path_, "cannot be locked", cause);
      refuse(called_, by);
    }
    // The last holder removes the file, so the one that was opened may be gone by the time it is locked.
  } while (!is_at(fd_, path_));
  directory_fd_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_fd_ < 0) {
    const int cause = errno;
    ::unlink(path_.c_str());
    ::close(fd_);
    throw SystemError(directory, "cannot be opened", cause);
  }
  const std::string id = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, id.data(), id.size(), 0) < 0) {
    // The id is for the message above alone.
  }
}

RunLock::~RunLock() {
  // Of many holders the last alone gets all of the lock.
  const bool is_last = holders_ == Holders::kOne || ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
  if (is_last && holds_lock_file()) {
    if (!companion_.empty()) ::unlinkat(directory_fd_, companion_.c_str(), 0);
    ::unlinkat(directory_fd_, "lock", 0);
  }
  ::close(directory_fd_);
  ::close(fd_);
}

void RunLock::share() {
  if (::flock(fd_, LOCK_SH | LOCK_NB) != 0) throw SystemError(path_, "cannot be shared", errno);
  holders_ = Holders::kMany;
}

bool RunLock::holds_lock_file() const {
  return is_at(fd_, "lock", directory_fd_);
}

std::vector<std::string> RunLock::names() const {
  std::vector<std::string> names;
  alignas(dirent64) std::array<char, 4096> room{};
  if (::lseek(directory_fd_, 0, SEEK_SET) != 0) throw SystemError(directory_, "cannot be listed", errno);
  for (;;) {
    const ssize_t bytes = ::getdents64(directory_fd_, room.data(), room.size());
    if (bytes < 0) throw SystemError(directory_, "cannot be listed", errno);
    if (bytes == 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(bytes);) {
      const auto* const entry = reinterpret_cast<const dirent64*>(room.data() + at);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      at += entry->d_reclen;
    }
  }
  std::ranges::sort(names);
  return names;
}

void RunLock::follow(const std::string& directory) {
  directory_ = called_ = directory;
  path_ = directory + "/lock";
}

void RunLock::check() const {
  const bool is_in_place = is_at(directory_fd_, directory_), is_locked = holds_lock_file();
  if (is_in_place && is_locked) return;
  const std::string where = called_ + ": ", when = " while it was in use";
  if (is_in_place)
    throw LostDirectory(
        where + "its lock file was removed or replaced" + when + ", and another process may work there now",
        directory_, false);
  std::error_code error;
  const std::string instead = std::filesystem::exists(directory_, error) ? ", and another has its name" : "";
  const std::string place = place_of(directory_fd_);
  throw LostDirectory(where + (place.empty() ? "was removed" : "was moved to " + place) + when + instead,
                      place, is_locked);
}

}  // namespace pcnn

#include "engine/io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "engine/core/regular_file.h"
#include "engine/io/leftovers.h"

namespace pcnn {
namespace {

[[noreturn]] void refuse(const std::string& path, const char* what, int cause) {
  throw SystemError(path, what, cause);
}
[[noreturn]] void refuse(const std::string& path, const char* what) {
  refuse(path, what, errno);
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }
  // Errors of delayed writes show here.
  [[nodiscard]] bool close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0;
  }
  [[nodiscard]] bool write_all(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
  }

 private:
  int fd_;
};

[[nodiscard]] int open_file(const std::string& path, int flags) {
  return ::open(path.c_str(), flags | O_CLOEXEC, 0666);
}

// Takes the lock by which others know that the file is being written (see leftovers.h); false where one of
// them took it for a leftover just before. Some file systems have no locks.
[[nodiscard]] bool claim(int fd) {
  struct stat status {};
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  return ::fstat(fd, &status) == 0 && status.st_nlink > 0;
}

// The file that this process is writing; of several at once the first.
std::atomic<const char*> unfinished{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free);

// For remove_unfinished_file(), while the file is written.
class Unfinished {
 public:
  explicit Unfinished(const std::string& path) {
    const char* none = nullptr;
    is_noted_ = unfinished.compare_exchange_strong(none, path.c_str());
  }
  ~Unfinished() {
    // A signal handler on another thread has taken the name, and ends the process.
    if (is_noted_ && !unfinished.exchange(nullptr))
      for (;;) ::pause();
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

 private:
  bool is_noted_ = false;
};

// Exclusive: processes in two containers may have one pid and write one path.
[[nodiscard]] int open_temporary(const std::string& path, std::string& temporary,
                                 std::optional<Unfinished>& note) {
  for (int attempt = 0;; ++attempt) {
    note.reset();
    temporary = path + ".part" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    note.emplace(temporary);  // first: a signal may come at any time
    const int fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (fd >= 0 && claim(fd)) return fd;
    if ((fd < 0 && errno != EEXIST) || attempt == 100) return fd;
    if (fd >= 0) ::close(fd);
  }
}

// Makes a rename inside the directory durable. Some file systems cannot sync a directory; they lose nothing.
void sync_directory_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const FileDescriptor directory(open_file(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY));
  if (directory.is_open()) ::fsync(directory.get());
}

// Gives the file a second name, or where the file system has no links, that name to a copy. Returns the
// system's reason where it cannot; 0 where all went well.
int link_or_copy(const std::string& path, const std::string& second) {
  if (::link(path.c_str(), second.c_str()) == 0) return 0;
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK) return errno;
  std::error_code error;
  std::filesystem::copy_file(path, second, error);
  return error.value();
}

std::size_t size_of(const FileDescriptor& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) refuse(path, "cannot be read");
  return static_cast<std::size_t>(status.st_size);
}

// What one read() gives, not more than there is room for; nothing at the end of the file.
std::size_t read_some(const FileDescriptor& file, const std::string& path, std::span<std::byte> room) {
  for (;;) {
    const ssize_t got = ::read(file.get(), room.data(), room.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) refuse(path, "cannot be read");
  }
}

}  // namespace

std::vector<std::byte> read_file(const std::string& path) {
  const FileDescriptor file(open_regular_file(path));
  const std::size_t file_bytes = size_of(file, path);
  require_memory(static_cast<double>(file_bytes), path + ": the file takes");
  // One byte more than the file has, so that the read that meets its end needs no larger buffer.
  std::vector<std::byte> bytes(std::max<std::size_t>(file_bytes + 1, 4096));
  std::size_t size = 0;
  for (;;) {
    if (size == bytes.size()) bytes.resize(2 * size);
    const std::size_t got = read_some(file, path, std::span(bytes).subspan(size));
    if (got == 0) break;
    size += got;
  }
  bytes.resize(size);
  return bytes;
}

bool file_exists(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  refuse(path, "cannot be looked at");
}

FileStart read_file_start(const std::string& path, std::size_t most) {
  const FileDescriptor file(open_regular_file(path));
  FileStart start{.bytes = {}, .file_bytes = size_of(file, path)};
  start.bytes.resize(std::min(start.file_bytes, most));
  std::size_t size = 0;
  while (size < start.bytes.size()) {
    const std::size_t got = read_some(file, path, std::span(start.bytes).subspan(size));
    if (got == 0) break;
    size += got;
  }
  start.bytes.resize(size);
  return start;
}

std::string read_text_file(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string read_text_file_end(const std::string& path, std::size_t most) {
  const FileDescriptor file(open_regular_file(path));
  const std::size_t size = size_of(file, path);
  if (size > most && ::lseek(file.get(), static_cast<off_t>(size - most), SEEK_SET) < 0)
    refuse(path, "cannot be read");
  std::vector<std::byte> bytes(std::min(size, most));
  std::size_t got = 0;
  for (std::size_t more = 1; got < bytes.size() && more > 0; got += more)
    more = read_some(file, path, std::span(bytes).subspan(got));
  return {reinterpret_cast<const char*>(bytes.data()), got};
}

void write_file_atomic(const std::string& path, std::span<const std::byte> bytes) {
  std::string temporary;
  std::optional<Unfinished> note;
  FileDescriptor file(open_temporary(path, temporary, note));
  if (!file.is_open()) refuse(path, "cannot be written");
  if (!file.write_all(bytes) || ::fsync(file.get()) != 0 || !file.close() ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int cause = errno;
    ::unlink(temporary.c_str());
    refuse(path, "cannot be written", cause);
  }
  sync_directory_of(path);
}

void remove_unfinished_file() noexcept {
  if (const char* const path = unfinished.exchange(nullptr)) ::unlink(path);
}

void write_file_atomic(const std::string& path, std::string_view text) {
  write_file_atomic(path, std::as_bytes(std::span(text)));
}

void replace_file(const std::string& from, const std::string& path, const std::string& backup) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    // A second name for the old file first, so that neither name is ever without one.
    const std::string second = backup + ".part" + std::to_string(::getpid()) + "-0";
    ::unlink(second.c_str());
    int cause = link_or_copy(path, second);
    if (cause == 0 && ::rename(second.c_str(), backup.c_str()) != 0) cause = errno;
    if (cause != 0) {
      ::unlink(second.c_str());
      refuse(backup, "cannot be written", cause);
    }
  }
  if (::rename(from.c_str(), path.c_str()) != 0) refuse(path, "cannot be written");
  sync_directory_of(path);
}

void sync_file(const std::string& path) {
  const FileDescriptor file(open_file(path, O_RDONLY));
  if (!file.is_open() && errno == ENOENT) return;
  // What cannot be synced (a device, a pipe) has nothing to lose.
  if (!file.is_open() || (::fdatasync(file.get()) != 0 && errno != EINVAL && errno != EROFS))
    refuse(path, "cannot be synced");
}

void rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) refuse(to, "cannot be made");
  sync_directory_of(to);
}

bool exchange_names(const std::string& one, const std::string& other) {
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) {
    if (errno == EINVAL || errno == ENOSYS) return false;
    refuse(other, "cannot be replaced");
  }
  sync_directory_of(other);
  return true;
}

void append_line(const std::string& path, std::string_view line) {
  append_bytes(path, std::string(line) + "\n");
}

void append_bytes(const std::string& path, std::string_view bytes) {
  // A pipe that nobody reads is refused, where it would hold the program up for ever.
  FileDescriptor file(open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK));
  if (!file.is_open() || !file.write_all(std::as_bytes(std::span(bytes))) || !file.close())
    refuse(path, "cannot be appended to");
}

}  // namespace pcnn

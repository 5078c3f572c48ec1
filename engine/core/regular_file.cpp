#include "engine/core/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.h"

namespace pcnn {
namespace {

[[noreturn]] void refuse(const std::string& path, int cause) {
  throw FileError(path, std::string("cannot be read: ") + std::strerror(cause));
}

void require_regular(const std::string& path, mode_t mode) {
  if (S_ISREG(mode)) return;
  const char* const kind = S_ISDIR(mode) ? "a directory" : S_ISFIFO(mode) ? "a pipe" : "a device or a socket";
  throw FileError(path, std::string("cannot be read: it is ") + kind + ", accepted: a regular file");
}

}  // namespace

void require_regular_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) refuse(path, errno);
  require_regular(path, status.st_mode);
}

int open_regular_file(const std::string& path) {
  // Another kind is not even opened: a pipe may hold that up, and a device may take it for a command.
  require_regular_file(path);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) refuse(path, errno);
  struct stat status {};
  try {
    // What has taken its place meanwhile.
    if (::fstat(fd, &status) != 0) refuse(path, errno);
    require_regular(path, status.st_mode);
  } catch (const FileError&) {
    ::close(fd);
    throw;
  }
  return fd;
}

}  // namespace pcnn

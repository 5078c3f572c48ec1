#include "engine/core/standard_files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace pcnn {
namespace {

std::atomic<int> output_errno{0};  // of the first write to standard output that failed

// A terminal that was closed answers with EIO, as a broken disk does.
bool has_no_reader(int fd, int cause) {
  struct stat status {};
  return cause == EPIPE || (cause == EIO && ::fstat(fd, &status) == 0 && S_ISCHR(status.st_mode));
}

void drop_what_follows(int fd) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0) return;
  ::dup2(nothing, fd);
  ::close(nothing);
}

}  // namespace

void prepare_standard_files() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) break;  // gets the lowest number free
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

void show_text(std::FILE* where, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), where) == text.size() && std::fflush(where) == 0) return;
  const int cause = errno, fd = ::fileno(where);
  if (has_no_reader(fd, cause)) {
    drop_what_follows(fd);
    std::fflush(where);  // what is left in its buffer
    std::clearerr(where);
  } else if (fd == STDOUT_FILENO) {
    int none = 0;
    output_errno.compare_exchange_strong(none, cause);
  }
}

std::string standard_output_failure() {
  const int cause = output_errno;
  return cause == 0 ? "" : std::strerror(cause);
}

}  // namespace pcnn

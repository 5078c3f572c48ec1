#include "engine/sweep/trial_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/core/error.h"

namespace pcnn {
namespace {

constexpr int kCannotStart = 127;  // as shells have it

// In the child, between fork() and exec(): system calls alone.
[[noreturn]] void exec_child(pid_t parent, char* const* arguments, int output) {
  ::setpgid(0, 0);
  ::signal(SIGTERM, SIG_DFL);  // it may be ignored here, and would be there
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(128 + SIGTERM);  // it died before the line above
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(kCannotStart);
}

}  // namespace

TrialProcess::TrialProcess(const std::string& program, const std::vector<std::string>& arguments,
                           const std::string& output) {
  if (::access(program.c_str(), X_OK) != 0)
    throw FileError(program, std::string("cannot be run: ") + std::strerror(errno));
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) throw FileError(output, std::string("cannot be written: ") + std::strerror(errno));
  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ == 0) exec_child(parent, pointers.data(), file);
  const int cause = errno;
  ::close(file);
  if (id_ < 0)
    throw FileError(program,
                    std::string("cannot be started: ") + std::strerror(cause) +
                        "; run fewer trials at once (sweep.parallel), or raise the limit of processes "
                        "(ulimit -u, the pids limit of a container)");
}

TrialProcess::~TrialProcess() {
  if (id_ < 0 || exit_code_) return;
  interrupt(InterruptionCause::kNone);
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
}

std::optional<int> TrialProcess::exit_code() {
  int status = 0;
  if (!exit_code_ && ::waitpid(id_, &status, WNOHANG) == id_)
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return exit_code_;
}

void TrialProcess::interrupt(InterruptionCause cause) {
  if (std::exchange(interrupted_, true) || exit_code_) return;
  sigval why{};
  why.sival_int = static_cast<int>(cause);
  if (::sigqueue(id_, SIGTERM, why) != 0) ::kill(id_, SIGTERM);
}

}  // namespace pcnn

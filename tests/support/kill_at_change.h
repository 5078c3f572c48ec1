#pragma once

// Programs that are killed at one change of the file system after the other: what a power cut, the kernel's
// OOM killer or kill -9 leave behind, at every moment at which it differs.

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace pcnn::testing {

enum class Killed {
  kThere,   // before the change of that number
  kNot,     // it ended before
  kCannot,  // this process may not trace others
};

inline bool changes_files(const __ptrace_syscall_info& call) {
  switch (call.entry.nr) {
    case SYS_open:
      return (call.entry.args[1] & O_CREAT) != 0;
    case SYS_openat:
      return (call.entry.args[2] & O_CREAT) != 0;
    case SYS_write:
    case SYS_pwrite64:
    case SYS_ftruncate:
      return call.entry.args[0] > 2;
    case SYS_mkdir:
    case SYS_mkdirat:
    case SYS_rmdir:
    case SYS_unlink:
    case SYS_unlinkat:
    case SYS_link:
    case SYS_rename:
    case SYS_renameat:
    case SYS_renameat2:
      return true;
    default:
      return false;
  }
}

// Runs the program silently and kills it where its first thread is about to change files for the nth time,
// from 1.
inline Killed kill_at_change(int n, const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  constexpr int kNoTrace = 126;
  const pid_t child = ::fork();
  if (child == 0) {  // system calls alone
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(kNoTrace);
    ::execv(argv[0], argv.data());
    ::_exit(kNoTrace);
  }
  int status = 0;
  ::waitpid(child, &status, 0);  // it stops where it has become the program
  if (!WIFSTOPPED(status)) return Killed::kCannot;
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, static_cast<long>(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
  for (long signal = 0;;) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, signal);
    ::waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) return Killed::kNot;
    signal = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
    if (signal != 0) continue;
    __ptrace_syscall_info call{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(call), &call) <= 0) return Killed::kCannot;
    if (call.op != PTRACE_SYSCALL_INFO_ENTRY || !changes_files(call) || --n > 0) continue;
    ::kill(child, SIGKILL);
    while (::waitpid(child, &status, 0) == child && !WIFSIGNALED(status) && !WIFEXITED(status)) {
    }
    return Killed::kThere;
  }
}

}  // namespace pcnn::testing

#pragma once

// Our programs in processes of their own (a forked one would have lost the threads of the test).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pcnn {

inline std::filesystem::path programs() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

// Programs started in its lifetime take this signal as they do by themselves, whoever started the tests:
// under nohup SIGHUP would be ignored.
class SignalNotIgnored {
 public:
  explicit SignalNotIgnored(int signal) : signal_(signal), before_(::signal(signal, SIG_DFL)) {}
  ~SignalNotIgnored() { ::signal(signal_, before_); }
  SignalNotIgnored(const SignalNotIgnored&) = delete;
  SignalNotIgnored& operator=(const SignalNotIgnored&) = delete;

 private:
  int signal_;
  void (*before_)(int);
};

// Starts the program, silently or with both outputs in the file `output`.
inline pid_t start_program(const std::string& name, std::vector<std::string> arguments,
                           const std::string& output = {}) {
  arguments.insert(arguments.begin(), programs() / name);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t redirected;
  posix_spawn_file_actions_init(&redirected);
  posix_spawn_file_actions_addopen(&redirected, STDOUT_FILENO, output.empty() ? "/dev/null" : output.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0666);
  posix_spawn_file_actions_adddup2(&redirected, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, argv[0], &redirected, nullptr, argv.data(), environ), 0) << argv[0];
  posix_spawn_file_actions_destroy(&redirected);
  return child;
}

// Waits for its end. Returns its wait status.
inline int wait_for_end(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Waits until the condition holds, as long as the child runs. The limit is for a child that hangs: a machine
// that does other things may take minutes. False where it does not come to hold; then the child is killed.
[[nodiscard]] inline bool wait_until(pid_t child, const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(8);
  bool has_ended = false;
  while (!has_ended && std::chrono::steady_clock::now() < limit) {
    siginfo_t info{};
    has_ended = ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                info.si_pid == child;
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << (has_ended ? "the program has ended" : "the program does not come to it");
  ::kill(child, SIGKILL);
  return false;
}

// Runs the program to its end; it gets the signal after so long, unless that is 0. Returns its wait status.
inline int run_program(const std::string& name, std::vector<std::string> arguments,
                       const std::string& output = {}, int signal = 0, std::chrono::milliseconds after = {}) {
  const pid_t child = start_program(name, std::move(arguments), output);
  if (signal != 0) {
    std::this_thread::sleep_for(after);
    ::kill(child, signal);
  }
  return wait_for_end(child);
}

// Runs a line of bash, in which $P is where the programs are. Returns its exit code.
inline int run_bash(const std::string& line) {
  std::string words[] = {"bash", "-c", "P='" + programs().string() + "'; " + line};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(posix_spawnp(&child, "bash", nullptr, nullptr, argv, environ), 0);
  const int status = wait_for_end(child);
  EXPECT_TRUE(WIFEXITED(status)) << line;
  return WEXITSTATUS(status);
}

}  // namespace pcnn

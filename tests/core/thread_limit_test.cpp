#include "engine/core/thread_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "engine/core/error.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

TEST(ThreadLimit, LetsThroughWhatThereIs) {
  require_threads(1, 1 << 20);
  require_threads(40, 1 << 20);
  require_threads(0, 1 << 20);
}

TEST(ThreadLimit, SaysHowManyThereMayBe) {
  // Stacks beyond all memory a process may have.
  const std::string message = error_of([] { require_threads(8, std::size_t{1} << 46); });
  EXPECT_TRUE(message.starts_with("8 threads asked for, and the system gives no more than ")) << message;
  EXPECT_NE(message.find("Resource temporarily unavailable"), std::string::npos) << message;
}

class ThreadLimitOf : public TinyRun {
 protected:
  // The exit code of a program as another user (root has no limit), who may have so many processes.
  [[nodiscard]] int run_limited(int processes, const std::string& program_and_arguments) const {
    return run_bash("ulimit -u " + std::to_string(processes) + "; exec setpriv --reuid=" + kUser +
                    " --regid=" + kUser + " --clear-groups $P/" + program_and_arguments + " > '" + root_ +
                    "/said.txt' 2>&1");
  }
  [[nodiscard]] std::string said() const { return slurp(root_ + "/said.txt"); }

  static constexpr const char* kUser = "64317";  // who has no other processes
};

TEST_F(ThreadLimitOf, TheUserIsOneLineOfEveryProgram) {
  if (::getuid() != 0 || run_limited(100, "pcnn-run --version") != 0)
    GTEST_SKIP() << "needs root, and setpriv to be somebody else";
  run({.config = config(), .overrides = {"name=whole", "train.epochs=1"}});
  std::filesystem::permissions(root_, std::filesystem::perms::all);
  std::filesystem::permissions(root_ + "/runs", std::filesystem::perms::all);
  const std::string whole = "'" + directory("whole") + "'";
  for (const std::string& line :
       {"pcnn-run '" + config() + "' threads=8 name=fails", "pcnn-run '" + config() + "' threads=8 --dry-run",
        "pcnn-sample " + whole + " --threads 8 -o '" + root_ + "/x.png'",
        "pcnn-eval " + whole + " --threads 8", "pcnn-inspect " + whole + " --threads 8"}) {
    for (const int processes : {1, 6}) {
      EXPECT_EQ(run_limited(processes, line), 2) << line;
      const std::string most = std::to_string(processes), program = line.substr(0, line.find(' '));
      const std::string expected = program + ": 8 threads asked for, and the system gives no more than " +
                                   most + " (Resource temporarily unavailable): set threads to " + most +
                                   " (--threads, or threads= of a config), or raise the limit: ulimit -u, "
                                   "the pids limit of a container, "
                                   "or ulimit -v for their stacks\n";
      EXPECT_TRUE(said().ends_with(expected)) << said();
      EXPECT_FALSE(std::filesystem::exists(directory("fails")));
    }
  }
  EXPECT_EQ(run_limited(8, "pcnn-run '" + config() + "' threads=8 train.epochs=1 name=fits"), 0) << said();
  EXPECT_EQ(run_limited(1, "pcnn-run '" + config() + "' threads=1 train.epochs=1 name=alone"), 0) << said();
  EXPECT_EQ(slurp(directory("fits") + "/results.json"), slurp(directory("alone") + "/results.json"));
  // The sweep itself, and a trial of two threads.
  EXPECT_EQ(run_limited(2, "pcnn-sweep '" + config() + "' seed=1,2 train.epochs=1 threads=2"), 2);
  EXPECT_NE(said().find(": all trials failed; the first: 2 threads asked for, and the system gives no more "
                        "than 1 (Resource temporarily unavailable)"),
            std::string::npos)
      << said();
  EXPECT_EQ(run_limited(1, "pcnn-sweep '" + config() + "' seed=1,2 train.epochs=1 threads=1 name=one"), 2);
  EXPECT_NE(said().find("cannot be started: Resource temporarily unavailable"), std::string::npos) << said();
}

// With 4 MB for each stack.
TEST_F(ThreadLimitOf, TheMemoryOfAProcessIsOneLineToo) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's own memory is beyond any such limit";
#endif
  EXPECT_EQ(run_bash("ulimit -v 600000; exec $P/pcnn-run '" + config() + "' threads=1000 > '" + root_ +
                     "/said.txt' 2>&1"),
            2);
  EXPECT_TRUE(said().starts_with("pcnn-run: 1,000 threads asked for, and the system gives no more than "))
      << said();
}

}  // namespace
}  // namespace pcnn

// Programs whose standard output or error is closed, read no further, or a terminal that is gone.

#include <pty.h>

#include <algorithm>

#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class StandardFiles : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    run({.config = config(), .overrides = {"name=whole"}});
  }
  // The run is there whole, as the one of SetUp(), log and all.
  void expect_whole(const std::string& name) const {
    EXPECT_EQ(slurp(directory(name) + "/results.json"), slurp(directory("whole") + "/results.json")) << name;
    EXPECT_EQ(metrics_of(name), metrics_of("whole")) << name;
    EXPECT_EQ(slurp(directory(name) + "/samples/epoch-0003.png"),
              slurp(directory("whole") + "/samples/epoch-0003.png"));
    const std::string log = slurp(directory(name) + "/log.txt");
    EXPECT_EQ(std::ranges::count(log, '\n'),
              std::ranges::count(slurp(directory("whole") + "/log.txt"), '\n'));
    EXPECT_NE(log.find("samples, curves and parameters are in "), std::string::npos) << log;
    EXPECT_FALSE(fs::exists(directory(name) + "/lock"));
  }
  [[nodiscard]] std::string quoted(const std::string& name) const { return " '" + directory(name) + "' "; }
};

TEST_F(StandardFiles, ThatAreClosedAreNeverTheFilesThatAreWritten) {
  const std::string whole = quoted("whole");
  ASSERT_EQ(run_bash("$P/pcnn-sample" + whole + "-o '" + root_ + "/open.npy' > /dev/null"), 0);
  ASSERT_EQ(run_bash("$P/pcnn-eval" + whole + "--scores '" + root_ + "/open.csv' > /dev/null"), 0);
  ASSERT_EQ(run_bash("$P/pcnn-inspect" + whole + "--field '" + root_ + "/open.png' > /dev/null"), 0);
  int count = 0;
  for (const std::string closed : {">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "<&-"}) {
    const std::string name = "closed" + std::to_string(++count), file = root_ + "/" + name;
    // What stays open is read by nobody here.
    const std::string rest = " > /dev/null 2> '" + root_ + "/errors.txt' " + closed;
    EXPECT_EQ(run_bash("$P/pcnn-run '" + config() + "' name=" + name + rest), 0) << closed;
    expect_whole(name);
    EXPECT_EQ(run_bash("$P/pcnn-sample" + whole + "-o '" + file + ".npy'" + rest), 0) << closed;
    EXPECT_EQ(slurp(file + ".npy"), slurp(root_ + "/open.npy")) << closed;
    EXPECT_EQ(run_bash("$P/pcnn-eval" + whole + "--scores '" + file + ".csv'" + rest), 0) << closed;
    EXPECT_EQ(slurp(file + ".csv"), slurp(root_ + "/open.csv")) << closed;
    EXPECT_EQ(run_bash("$P/pcnn-inspect" + whole + "--field '" + file + ".png'" + rest), 0) << closed;
    EXPECT_EQ(slurp(file + ".png"), slurp(root_ + "/open.png")) << closed;
    EXPECT_EQ(run_bash("$P/pcnn-sweep '" + config() + "' seed=1,2 train.epochs=1 name=s" + name + rest), 0);
    EXPECT_NE(slurp(directory("s" + name) + "/leaderboard.txt").find("2 done"), std::string::npos) << closed;
    EXPECT_EQ(slurp(root_ + "/errors.txt"), "") << closed;
    EXPECT_EQ(run_bash("$P/pcnn-run nothing.yaml" + rest), 2) << closed;
  }
}

TEST_F(StandardFiles, ThatNobodyReadsAnyMoreEndNothing) {
  const std::string piped = "$P/pcnn-run '" + config() + "' name=NAME | head -n 1 > '" + root_ +
                            "/first.txt'; exit ${PIPESTATUS[0]}";
  const auto named = [&](std::string line, const std::string& name) {
    return line.replace(line.find("NAME"), 4, name);
  };
  EXPECT_EQ(run_bash(named(piped, "head")), 0);
  expect_whole("head");
  EXPECT_TRUE(slurp(root_ + "/first.txt").starts_with("run ")) << slurp(root_ + "/first.txt");
  // Whoever reads is gone before there is a line.
  const std::string gone = " | true; exit ${PIPESTATUS[0]}", late = "{ sleep 0.2; exec ";
  EXPECT_EQ(run_bash(named(late + "$P/pcnn-run '" + config() + "' -v name=NAME 2>&1; }" + gone, "gone")), 0);
  expect_whole("gone");
  EXPECT_EQ(run_bash(late + "$P/pcnn-eval" + quoted("whole") + "; }" + gone), 0);
  EXPECT_EQ(run_bash(late + "$P/pcnn-inspect" + quoted("whole") + "; }" + gone), 0);
  EXPECT_EQ(run_bash(late + "$P/pcnn-run --help; }" + gone), 0);
  EXPECT_EQ(run_bash(late + "$P/pcnn-run --keys; }" + gone), 0);
  EXPECT_EQ(run_bash(late + "$P/pcnn-sweep '" + config() + "' seed=1,2 train.epochs=1; }" + gone), 0);
  EXPECT_TRUE(fs::exists(directory() + "/trial-2/results.json"));
  EXPECT_EQ(run_bash(late + "$P/pcnn-run nothing.yaml 2>&1; }" + gone), 2);
}

TEST_F(StandardFiles, OnATerminalThatIsGoneEndNothing) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::signal(SIGHUP, SIG_IGN);  // as nohup does
    const std::string program = programs() / "pcnn-run", file = config();
    ::execl(program.c_str(), program.c_str(), file.c_str(), "name=gone", nullptr);
    ::_exit(127);
  }
  char first = 0;
  EXPECT_EQ(::read(terminal, &first, 1), 1) << "it has begun to say something";
  ::close(terminal);
  const int status = wait_for_end(child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  expect_whole("gone");
}

}  // namespace
}  // namespace pcnn

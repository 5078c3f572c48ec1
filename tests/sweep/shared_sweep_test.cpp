// Several processes at one sweep.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/no_record_locks.h"
#include "tests/sweep/tiny_sweep.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

std::ptrdiff_t count_of(const std::string& text, const std::string& part) {
  std::ptrdiff_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class SharedSweep : public TinySweep {
 protected:
  // Of a process of that name, whose output is said(name).
  pid_t start(const std::string& name, const Texts& arguments) const {
    Texts words{config()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return start_program("pcnn-sweep", words, root_ + "/" + name + ".txt");
  }
  [[nodiscard]] std::string said(const std::string& name) const { return slurp(root_ + "/" + name + ".txt"); }
  [[nodiscard]] bool has_epochs(int trial) const {
    return !slurp(directory() + "/trial-" + std::to_string(trial) + "/metrics.jsonl").empty();
  }
  void expect_trials_of(const std::string& name, int trials) const {
    for (int i = 1; i <= trials; ++i) {
      const std::string trial = "/trial-" + std::to_string(i);
      EXPECT_EQ(slurp(directory() + trial + "/results.json"),
                slurp(directory(name) + trial + "/results.json"))
          << trial;
      EXPECT_EQ(metrics_of("tiny" + trial), metrics_of(name + trial)) << trial;
    }
  }
};

TEST_F(SharedSweep, TrainsEachTrialOnce) {
  const Texts arguments{"train.batch=8,16", "seed=1,2,3,4", "train.epochs=8", "sample.count=0"};
  ASSERT_EQ(
      sweep_error({"train.batch=8,16", "seed=1,2,3,4", "train.epochs=8", "sample.count=0", "name=alone"}),
      "");
  // All begin at once, with the directory still to be made.
  const std::vector<std::string> names{"first", "second", "third"};
  std::vector<pid_t> processes;
  for (const std::string& name : names) processes.push_back(start(name, arguments));
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(WEXITSTATUS(wait_for_end(processes[i])), 0) << said(names[i]);
  EXPECT_EQ(states(), Texts(8, "done"));
  expect_trials_of("alone", 8);
  for (int i = 1; i <= 8; ++i) {
    const std::string done = "trial " + std::to_string(i) + "  done";
    EXPECT_EQ(count_of(text_of("log.txt"), done), 1) << done;
    EXPECT_EQ(count_of(text_of("trial-" + std::to_string(i) + "/log.txt"), "training "),
              count_of(text_of("trial-" + std::to_string(i) + "/log.txt", "alone"), "training "));
  }
  for (const std::string& name : names) {
    EXPECT_GE(count_of(said(name), "  done  "), 1) << name << ": " << said(name);
    EXPECT_NE(said(name).find(", 8 trials: 8 done"), std::string::npos) << said(name);
  }
  EXPECT_EQ(std::ranges::count(text_of("results.csv"), '\n'), 9);
  EXPECT_FALSE(fs::exists(directory() + "/lock"));
  EXPECT_FALSE(fs::exists(directory() + "/trials.lock"));
}

TEST_F(SharedSweep, TakesOverTheTrialOfAProcessThatIsKilled) {
  const Texts arguments{"seed=1,2,3", "train.epochs=60", "sample.count=0"};
  ASSERT_EQ(sweep_error({"seed=1,2,3", "train.epochs=60", "sample.count=0", "name=alone"}), "");
  const pid_t killed = start("killed", arguments);
  ASSERT_TRUE(wait_until(killed, [&] { return has_epochs(1); }));
  const pid_t other = start("other", arguments);
  ASSERT_TRUE(wait_until(other, [&] { return has_epochs(2); }));
  EXPECT_NE(
      said("other").find(": 3 trials: 1 training, 2 waiting; 1 parameter on a grid, 1 at once; shared with "
                         "other processes at work on it\n"),
      std::string::npos)
      << said("other");
  ::kill(killed, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(wait_for_end(killed)));
  EXPECT_EQ(WEXITSTATUS(wait_for_end(other)), 0) << said("other");
  EXPECT_EQ(states(), (Texts{"done", "done", "done"}));
  expect_trials_of("alone", 3);
  EXPECT_NE(text_of("trial-1/log.txt").find("interrupted by SIGTERM"), std::string::npos)
      << "it was under way";
  EXPECT_FALSE(fs::exists(directory() + "/lock"));
}

TEST_F(SharedSweep, GivesBackTheTrialsOfAProcessThatIsInterrupted) {
  const Texts arguments{"seed=1,2", "train.epochs=40", "sample.count=0"};
  const pid_t stopped = start("stopped", arguments);
  ASSERT_TRUE(wait_until(stopped, [&] { return has_epochs(1); }));
  const pid_t other = start("other", arguments);
  ASSERT_TRUE(wait_until(other, [&] { return has_epochs(2); }));
  ::kill(stopped, SIGINT);
  EXPECT_EQ(WEXITSTATUS(wait_for_end(stopped)), 130) << said("stopped");
  EXPECT_NE(said("stopped").find("interrupted; 2 trials: 1 training, 1 waiting, all saved"),
            std::string::npos)
      << said("stopped");
  EXPECT_EQ(WEXITSTATUS(wait_for_end(other)), 0) << said("other");
  EXPECT_EQ(states(), (Texts{"done", "done"}));
}

TEST_F(SharedSweep, StopsATrialEarlyByTheResultsOfAnotherProcess) {
  write_config(
      "sweep: {early_stopping: {max: 1000000, grace: 1, reduction_factor: 2}, "
      "parameters: {train.learning_rate: [0.01, 1e-9]}}\n");
  const pid_t good = start("good", {"sample.count=0"});
  ASSERT_TRUE(wait_until(good, [&] { return has_epochs(1); }));
  const pid_t bad = start("bad", {"sample.count=0"});
  ASSERT_TRUE(wait_until(
      bad, [&] { return said("bad").find("waiting for 1 trial that other") != std::string::npos; }));
  EXPECT_NE(said("bad").find("trial 2  stopped"), std::string::npos) << said("bad");
  for (const pid_t process : {bad, good}) {
    ::kill(process, SIGINT);
    EXPECT_EQ(WEXITSTATUS(wait_for_end(process)), 130);
  }
  EXPECT_EQ(states(), (Texts{"waiting", "stopped"}));
}

TEST_F(SharedSweep, LearnsOfTrialsThatAnotherProcessAdds) {
  const pid_t first = start("first", {"seed=1,2", "train.epochs=40", "sample.count=0"});
  ASSERT_TRUE(wait_until(first, [&] { return has_epochs(1); }));
  const pid_t second = start("second", {"seed=1,2,3,4", "train.epochs=40", "sample.count=0"});
  EXPECT_EQ(WEXITSTATUS(wait_for_end(first)), 0) << said("first");
  EXPECT_EQ(WEXITSTATUS(wait_for_end(second)), 0) << said("second");
  EXPECT_EQ(states(), Texts(4, "done"));
  for (const char* const name : {"first", "second"})
    EXPECT_NE(said(name).find(", 4 trials: 4 done"), std::string::npos) << said(name);
}

TEST_F(SharedSweep, RefusesAProcessWithAnotherConfig) {
  const Texts arguments{"seed=1,2", "train.epochs=1000000", "sample.count=0", "train.batch=16"};
  const pid_t process = start("first", arguments);
  ASSERT_TRUE(wait_until(process, [&] { return has_epochs(1); }));
  const std::string begun_with = text_of("sweep.yaml");
  Texts other = arguments;
  other.front() = "seed=1,3";
  EXPECT_EQ(sweep_error(other),
            directory() +
                ": holds another sweep (its trial 2 is seed=2, or has other keys beside); more "
                "trials may be added, all else is a new sweep: choose name=NAME");
  // The same trials by a config with which the first process would begin others.
  std::string text = slurp(config());
  text.replace(text.find("batch: 8"), 8, "batch: 16");
  std::ofstream(config()) << text;
  other = arguments;
  other.pop_back();
  EXPECT_EQ(sweep_error(other),
            directory() +
                ": other processes work there with another config, in which trial 1 is not the same; "
                "give theirs, " +
                directory() + "/sweep.yaml, or wait until they have ended");
  ::kill(process, SIGINT);
  EXPECT_EQ(WEXITSTATUS(wait_for_end(process)), 130) << said("first");
  EXPECT_EQ(text_of("sweep.yaml"), begun_with);
  EXPECT_EQ(states(), (Texts{"waiting", "waiting"}));
}

TEST_F(SharedSweep, EndsInOneLineWhereItsClaimsAreRemoved) {
  const pid_t process = start("first", {"seed=1,2", "train.epochs=1000000", "sample.count=0"});
  ASSERT_TRUE(wait_until(process, [&] { return has_epochs(1); }));
  fs::remove(directory() + "/trials.lock");
  EXPECT_EQ(WEXITSTATUS(wait_for_end(process)), 2);
  EXPECT_NE(
      said("first").find("pcnn-sweep: " + directory() +
                         ": its trials.lock was removed while it was in use, and another process may train "
                         "the same trials now\n"),
      std::string::npos)
      << said("first");
  EXPECT_EQ(text_of("sweep.json").find("done"), std::string::npos);
}

TEST_F(SharedSweep, WithoutRecordLocksRefusesASecondProcess) {
  const Texts arguments{config(), "seed=1,2", "train.epochs=1000000", "sample.count=0"};
  const std::string program = programs() / "pcnn-sweep";
  const pid_t alone = testing::start_without_record_locks(program, arguments, root_ + "/alone.txt");
  ASSERT_TRUE(wait_until(alone, [&] { return has_epochs(1); })) << said("alone");
  EXPECT_NE(said("alone").find("note: " + directory() +
                               ": its file system has no record locks (No locks available): "
                               "this process works on the sweep alone\n"),
            std::string::npos)
      << said("alone");
  for (const char* const name : {"second", "third"}) {
    const pid_t process = name == std::string("second")
                              ? start("second", {"seed=1,2", "train.epochs=1000000", "sample.count=0"})
                              : testing::start_without_record_locks(program, arguments, root_ + "/third.txt");
    EXPECT_EQ(WEXITSTATUS(wait_for_end(process)), 2);
    EXPECT_NE(said(name).find(directory() + ": in use by process "), std::string::npos) << said(name);
  }
  ::kill(alone, SIGINT);
  EXPECT_EQ(WEXITSTATUS(wait_for_end(alone)), 130);
}

}  // namespace
}  // namespace pcnn

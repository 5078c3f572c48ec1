// Sweeps that are interrupted, killed and moved.

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/run/run_lock.h"
#include "tests/sweep/tiny_sweep.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class KilledSweep : public TinySweep {
 protected:
  // The scores of trial after trial, to the last bit.
  [[nodiscard]] Texts scores(const std::string& name, int trials) const {
    Texts all;
    for (int i = 1; i <= trials; ++i)
      all.push_back(text_of("trial-" + std::to_string(i) + "/results.json", name));
    return all;
  }
  // Runs pcnn-sweep again and again, each time ended by the signal after a while, until it comes to its end.
  int interruptions_until_done(const Texts& arguments, int signal) const {
    Texts words{config()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    for (int interruptions = 0; interruptions < 60; ++interruptions) {
      const int status = run_program("pcnn-sweep", words, root_ + "/said.txt", signal,
                                     std::chrono::milliseconds(150 + 70 * interruptions));
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return interruptions;
      // Ended by the signal itself: killed, or interrupted before it had begun.
      const bool is_ended_by_it = WIFSIGNALED(status) && WTERMSIG(status) == signal;
      const bool is_as_told = is_ended_by_it || (signal != SIGKILL && WEXITSTATUS(status) == 128 + signal);
      EXPECT_TRUE(is_as_told) << status << "\n" << slurp(root_ + "/said.txt");
      if (!is_as_told) return 0;
    }
    ADD_FAILURE() << "no end";
    return 0;
  }
};

TEST_F(KilledSweep, InADirectoryThatWasMovedEndsInOneLineAndLeavesNoHalfOne) {
  const pid_t child = start_program(
      "pcnn-sweep", {config(), "seed=1,2", "train.epochs=1000000", "sample.count=0"}, root_ + "/said.txt");
  ASSERT_TRUE(wait_until(child, [&] { return fs::exists(directory() + "/trial-1/report.html"); }));
  fs::rename(directory(), directory("moved"));
  const int status = wait_for_end(child);
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_NE(slurp(root_ + "/said.txt")
                .find("pcnn-sweep: " + directory() + ": was moved to " + directory("moved") +
                      " while it was in use\n"),
            std::string::npos)
      << slurp(root_ + "/said.txt");
  EXPECT_FALSE(fs::exists(directory()));
  EXPECT_NE(text_of("trial-1/results.json", "moved").find("was moved to"), std::string::npos);
}

TEST_F(KilledSweep, RemovesHalfWrittenFilesAlsoOfTrialsThatAreDone) {
  const Texts arguments{"train.batch=8,16", "train.epochs=1"};
  ASSERT_EQ(sweep_error(arguments), "");
  const Texts leftovers{"/results.csv.part12-0", "/trial-1/samples/epoch-0002.png.part12-0",
                        "/trial-2/checkpoint.safetensors.next"};
  for (const std::string& file : leftovers) std::ofstream(directory() + file) << "x";
  {
    const RunLock at_work(directory() + "/trial-2");
    ASSERT_EQ(sweep_error(arguments), "");
    EXPECT_TRUE(fs::exists(directory() + leftovers.back()));
  }
  ASSERT_EQ(sweep_error(arguments), "");
  for (const std::string& file : leftovers) EXPECT_FALSE(fs::exists(directory() + file)) << file;
}

TEST_F(KilledSweep, GoesOnAfterSigintWithTheSameBits) {
  const Texts arguments{"train.batch=8,16", "seed=1,2", "train.epochs=60", "sweep.parallel=2"};
  ASSERT_EQ(sweep_error({"train.batch=8,16", "seed=1,2", "train.epochs=60", "name=whole"}), "");
  EXPECT_GT(interruptions_until_done(arguments, SIGINT), 0);
  EXPECT_EQ(states(), (Texts{"done", "done", "done", "done"}));
  EXPECT_EQ(scores("tiny", 4), scores("whole", 4));
}

// To which the signal of a closed session goes as well as to their sweep.
TEST_F(KilledSweep, ClosedWithItsTerminalSavesItsTrials) {
  const SignalNotIgnored hangup(SIGHUP);
  const pid_t child = start_program("pcnn-sweep",
                                    {config(), "seed=1,2", "train.epochs=1000000", "sample.count=0",
                                     "train.checkpoint_every.steps=1000000", "sweep.parallel=2"},
                                    root_ + "/said.txt");
  for (const char* trial : {"/trial-1", "/trial-2"})
    ASSERT_TRUE(wait_until(child, [&] { return fs::exists(directory() + trial + "/report.html"); }));
  ::kill(std::stoi(text_of("trial-1/lock")), SIGHUP);
  ::kill(child, SIGHUP);
  EXPECT_EQ(WEXITSTATUS(wait_for_end(child)), 129);
  EXPECT_EQ(slurp(root_ + "/said.txt").substr(slurp(root_ + "/said.txt").rfind("pcnn-sweep: ")),
            "pcnn-sweep: interrupted; 2 trials: 2 waiting, all saved: the same command goes on\n");
  EXPECT_EQ(states(), (Texts{"waiting", "waiting"}));
  for (const std::string trial : {"trial-1", "trial-2"}) {
    const auto results = nlohmann::json::parse(text_of(trial + "/results.json"));
    EXPECT_TRUE(results.at("reason").get<std::string>().starts_with("interrupted by SIG")) << results;
    EXPECT_EQ(message_of({.resume = directory() + "/" + trial,
                          .overrides = {"train.epochs=null", "train.steps=" + results.at("step").dump()}}),
              "");
  }
  EXPECT_FALSE(fs::exists(directory() + "/lock"));
}

TEST_F(KilledSweep, GoesOnAfterAKillWithTheSameBits) {
  const Texts arguments{"train.batch=8,16", "seed=1,2", "train.epochs=60", "sweep.parallel=2"};
  ASSERT_EQ(sweep_error({"train.batch=8,16", "seed=1,2", "train.epochs=60", "name=whole"}), "");
  EXPECT_GT(interruptions_until_done(arguments, SIGKILL), 0);
  EXPECT_EQ(states(), (Texts{"done", "done", "done", "done"}));
  EXPECT_EQ(scores("tiny", 4), scores("whole", 4));
}

}  // namespace
}  // namespace pcnn

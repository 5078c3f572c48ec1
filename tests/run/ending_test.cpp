// How runs end other than well, and what they say of it and where.

#include "engine/run/ending.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/io/file.h"
#include "engine/run/metrics.h"
#include "engine/run/new_directory.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class RunEnding : public TinyRun {
 protected:
  // Epochs so long that a run can be halted inside one, away from what is written at its end.
  void SetUp() override {
    TinyRun::SetUp();
    write_idx(root_ + "/data/train-images-idx3-ubyte", 20'000);
  }

  // Trains without end, is halted after some epochs, and goes on once `meanwhile` is done. Returns its wait
  // status. Every report_every steps it writes of its losses.
  int run_halted(const std::function<void(pid_t)>& meanwhile, int report_every = 1'000'000) const {
    const pid_t child = start_program(
        "pcnn-run",
        {config(), "train.epochs=1000000", "sample.count=0", "train.checkpoint_every.steps=1000000",
         "train.report_every=" + std::to_string(report_every)},
        said());
    if (!wait_until(child, [&] { return fs::exists(directory() + "/report.html"); })) return -1;
    // Inside the second epoch, and not in the middle of a save, which has asked already whether the directory
    // is still there.
    do {
      ::kill(child, SIGCONT);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ::kill(child, SIGSTOP);
      int status = 0;
      ::waitpid(child, &status, WUNTRACED);
      EXPECT_TRUE(WIFSTOPPED(status));
    } while (is_saving());
    meanwhile(child);
    ::kill(child, SIGCONT);
    return wait_for_end(child);
  }
  [[nodiscard]] bool is_saving() const {
    return std::ranges::any_of(fs::directory_iterator(directory()), [](const fs::directory_entry& entry) {
      const std::string name = entry.path().filename();
      return name.find(".next") != std::string::npos || name.find(".part") != std::string::npos;
    });
  }
  [[nodiscard]] std::string said() const { return root_ + "/said.txt"; }
  [[nodiscard]] std::string last_line() const {
    std::string text = slurp(said());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.find_last_of('\n') + 1);
  }
  // log.txt, results.json and the report of the run say this, and how it ended.
  void expect_said_everywhere(const std::string& name, const std::string& how,
                              const std::string& reason) const {
    EXPECT_NE(slurp(directory(name) + "/log.txt").find("  " + reason + "\n"), std::string::npos) << reason;
    const auto results = nlohmann::json::parse(slurp(directory(name) + "/results.json"));
    EXPECT_EQ(results.at("ended"), how);
    EXPECT_EQ(results.at("reason"), reason);
    EXPECT_FALSE(results.contains("models"));
    const std::string page = slurp(directory(name) + "/report.html");
    EXPECT_NE(page.find(">" + how + "<"), std::string::npos);
    EXPECT_NE(page.find(reason.substr(0, reason.find_first_of("`'"))), std::string::npos);
  }
  [[nodiscard]] nlohmann::json results(const std::string& name = "tiny") const {
    return nlohmann::json::parse(slurp(directory(name) + "/results.json"));
  }
};

TEST_F(RunEnding, InADirectoryThatWasRemovedIsOneLineAndLeavesNothing) {
  const int status = run_halted([&](pid_t) { fs::remove_all(directory()); });
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_TRUE(last_line().starts_with("pcnn-run: " + directory() +
                                      ": was removed while it was in use; the run ends at step "))
      << last_line();
  EXPECT_EQ(last_line().find("--resume"), std::string::npos) << "there is nothing to resume";
  EXPECT_FALSE(fs::exists(directory()));
}

TEST_F(RunEnding, InADirectoryThatWasMovedSavesThere) {
  const int status = run_halted([&](pid_t) { fs::rename(directory(), directory("moved away")); }, 2);
  EXPECT_EQ(WEXITSTATUS(status), 2);
  const std::string line = last_line();
  EXPECT_NE(line.find(": was moved to " + directory("moved away") + " while it was in use; "),
            std::string::npos)
      << line;
  EXPECT_NE(line.find("go on with `pcnn-run --resume '" + directory("moved away") + "'`"), std::string::npos)
      << line;
  EXPECT_FALSE(fs::exists(directory())) << "no half directory comes back";
  EXPECT_FALSE(fs::exists(directory("moved away") + "/lock"));
  expect_said_everywhere("moved away", "failed", line.substr(std::string("pcnn-run: ").size()));

  // What was trained until then is there: the same bits as of a run that ends there by itself.
  const std::int64_t step = results("moved away").at("step");
  EXPECT_NE(line.find("; step " + std::to_string(step) + " is saved"), std::string::npos) << line;
  const std::string budget = "train.steps=" + std::to_string(step + 3);
  run({.resume = directory("moved away"), .overrides = {"train.epochs=null", budget}});
  run({.config = config(),
       .overrides = {"name=whole", "train.epochs=null", budget, "sample.count=0", "train.report_every=2"}});
  EXPECT_EQ(metrics_of("moved away"), metrics_of("whole"));
  EXPECT_EQ(slurp(directory("moved away") + "/results.json"), slurp(directory("whole") + "/results.json"));
}

// A network of ten million parameters, which takes a while to set up.
TEST_F(RunEnding, InADirectoryThatWasMovedBeforeTheFirstStepLeavesNoneOfItsName) {
  const pid_t child = start_program("pcnn-run",
                                    {config(), "model.blocks={kind: masked_conv, repeat: 2, filters: 1024}",
                                     "train.epochs=1000000", "sample.count=0"},
                                    said());
  const std::string place = starting_name(directory());
  ASSERT_TRUE(wait_until(child, [&] { return !slurp(place + "/lock").empty(); }));
  fs::rename(place, directory("moved"));
  EXPECT_EQ(WEXITSTATUS(wait_for_end(child)), 2);
  EXPECT_TRUE(last_line().starts_with("pcnn-run: " + directory() + ": was moved to " + directory("moved")))
      << last_line();
  EXPECT_FALSE(fs::exists(directory()));
}

TEST_F(RunEnding, InADirectoryThatWasReplacedLeavesTheOtherAlone) {
  const int status = run_halted([&](pid_t) {
    fs::remove_all(directory());
    fs::create_directories(directory() + "/samples");
    std::ofstream(directory() + "/mine.txt") << "x";
  });
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_NE(last_line().find(": was removed while it was in use, and another has its name; "),
            std::string::npos)
      << last_line();
  EXPECT_EQ(last_line().find("--resume"), std::string::npos);
  std::vector<std::string> files;
  for (const auto& file : fs::recursive_directory_iterator(directory()))
    if (!file.is_directory()) files.push_back(file.path().filename());
  EXPECT_EQ(files, std::vector<std::string>{"mine.txt"});
}

TEST_F(RunEnding, WithoutItsLockLeavesTheDirectoryToWhoeverWorksThereNow) {
  std::string checkpoint;
  const int status = run_halted([&](pid_t) {
    fs::remove(directory() + "/lock");
    std::ofstream(directory() + "/lock") << "1\n";
    checkpoint = slurp(directory() + "/checkpoint.safetensors");
  });
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_NE(last_line().find(": its lock file was removed or replaced while it was in use"),
            std::string::npos)
      << last_line();
  EXPECT_NE(slurp(directory() + "/log.txt").find("its lock file was removed"), std::string::npos);
  EXPECT_TRUE(slurp(directory() + "/checkpoint.safetensors") == checkpoint);
  EXPECT_EQ(slurp(directory() + "/lock"), "1\n");
}

TEST_F(RunEnding, BySignalsIsInEveryFile) {
  const int status = run_halted([](pid_t child) { ::kill(child, SIGTERM); });
  EXPECT_EQ(WEXITSTATUS(status), 143);
  EXPECT_NE(last_line().find("interrupted by SIGTERM; step "), std::string::npos) << last_line();
  expect_said_everywhere("tiny", "interrupted", last_line().substr(std::string("pcnn-run: ").size()));

  const std::string budget = "train.steps=" + std::to_string(results().at("step").get<int>() + 1);
  run({.resume = directory(), .overrides = {"train.epochs=null", budget}});
  EXPECT_EQ(results().at("ended"), "completed");
  EXPECT_EQ(results().at("reason"), budget + " is reached");
  EXPECT_EQ(results().at("models").size(),
            results().at("models").at(0).at("epoch") == results().at("epoch") ? 1u : 2u);
}

TEST_F(RunEnding, ByAClosedTerminalIsSaved) {
  const SignalNotIgnored hangup(SIGHUP);
  const int status = run_halted([](pid_t child) { ::kill(child, SIGHUP); });
  EXPECT_EQ(WEXITSTATUS(status), 129) << status;
  EXPECT_NE(last_line().find("interrupted by SIGHUP; step "), std::string::npos) << last_line();
  EXPECT_FALSE(fs::exists(directory() + "/lock"));
  expect_said_everywhere("tiny", "interrupted", last_line().substr(std::string("pcnn-run: ").size()));
  run({.resume = directory(),
       .overrides = {"train.epochs=null",
                     "train.steps=" + std::to_string(results().at("step").get<int>() + 1)}});
}

// As batch systems send it before the time is over.
TEST_F(RunEnding, BySigusr1IsSaved) {
  const int status = run_halted([](pid_t child) { ::kill(child, SIGUSR1); });
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGUSR1) << status;
  EXPECT_NE(last_line().find("interrupted by SIGUSR1; step "), std::string::npos) << last_line();
}

// The shell and the kernel both send one, and a service manager sends SIGTERM with it.
TEST_F(RunEnding, ByAClosedSessionThatSendsSeveralSignalsIsSaved) {
  const SignalNotIgnored hangup(SIGHUP);
  const int status = run_halted([](pid_t child) {
    ::kill(child, SIGHUP);
    ::kill(child, SIGTERM);
    ::kill(child, SIGCONT);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::kill(child, SIGHUP);
  });
  EXPECT_TRUE(WEXITSTATUS(status) == 129 || WEXITSTATUS(status) == 143) << status;
  const std::string reason = results().at("reason");
  EXPECT_TRUE(reason.starts_with("interrupted by SIG")) << reason;
}

TEST_F(RunEnding, UnderNohupIsNotByAClosedTerminal) {
  const auto before = ::signal(SIGHUP, SIG_IGN);  // which the program started now inherits
  const int status = run_halted([&](pid_t child) {
    ::signal(SIGHUP, before);
    ::kill(child, SIGHUP);
    ::kill(child, SIGCONT);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), 0) << "it has ended";
    ::kill(child, SIGTERM);
  });
  EXPECT_EQ(WEXITSTATUS(status), 143) << status;
  EXPECT_NE(last_line().find("interrupted by SIGTERM; step "), std::string::npos) << last_line();
}

TEST_F(RunEnding, BySecondSignalAtOnceIsInLogAndResults) {
  const int status = run_halted([](pid_t child) {
    ::kill(child, SIGINT);
    ::kill(child, SIGTERM);
  });
  EXPECT_TRUE(WEXITSTATUS(status) == 130 || WEXITSTATUS(status) == 143) << status;
  const std::string reason = results().at("reason");
  EXPECT_EQ(results().at("ended"), "interrupted");
  EXPECT_TRUE(reason.starts_with("ended at once by a second signal; step ")) << reason;
  const std::string log = slurp(directory() + "/log.txt");
  // Another thread may still write a line after it.
  const std::size_t said = log.find("  " + reason + "\n");
  ASSERT_NE(said, std::string::npos) << log;
  const std::size_t line = log.rfind('\n', said) + 1;
  EXPECT_EQ(said - line, std::string("2026-11-28 04:56:54").size());
  EXPECT_EQ(log.substr(line, 11), log.substr(0, 11)) << "the same day as the first line has";
  run({.resume = directory(),
       .overrides = {"train.epochs=null",
                     "train.steps=" + std::to_string(results().at("step").get<int>() + 1)}});
}

TEST_F(RunEnding, ByAnExplosionIsInEveryFile) {
  const std::string message =
      message_of({.config = config(), .overrides = {"train.optimiser=sgd", "train.learning_rate=1000"}});
  EXPECT_NE(message.find("; the state of step 0 is kept in "), std::string::npos) << message;
  expect_said_everywhere("tiny", "failed", message);
}

TEST_F(RunEnding, OfARunThatGoesOnIsForgottenUntilItEndsAgain) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  EXPECT_EQ(results().at("reason"), "train.epochs=1 is reached");
  EXPECT_EQ(run_program("pcnn-run", {"--resume", directory(), "train.epochs=1000000"}, said(), SIGKILL,
                        std::chrono::milliseconds(1500)),
            SIGKILL);
  EXPECT_FALSE(fs::exists(directory() + "/results.json")) << "nobody knows how it ended";
}

TEST_F(RunEnding, ThatCannotGoOnLeavesTheResultsOfBefore) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  const std::string before = slurp(directory() + "/results.json");
  write_idx(root_ + "/data/train-images-idx3-ubyte", 50, 253);
  const std::string message = message_of({.resume = directory(), .overrides = {"train.epochs=2"}});
  EXPECT_NE(message, "");
  EXPECT_EQ(slurp(directory() + "/results.json"), before);
  EXPECT_NE(slurp(directory() + "/log.txt").find("  " + message + "\n"), std::string::npos);
}

}  // namespace
}  // namespace pcnn

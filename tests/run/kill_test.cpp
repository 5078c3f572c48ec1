// Runs that are stopped and killed, and go on to the same bits.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "engine/io/safetensors.h"
#include "engine/run/metrics.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class ResumeAfterKill : public TinyRun {
 protected:
  static int run_in_process(const RunOptions& options, int signal, std::chrono::milliseconds after) {
    std::vector<std::string> arguments;
    if (options.resume.empty()) {
      arguments.push_back(options.config);
    } else {
      arguments.insert(arguments.end(), {"--resume", options.resume});
    }
    arguments.insert(arguments.end(), options.overrides.begin(), options.overrides.end());
    return run_program("pcnn-run", arguments, {}, signal, after);
  }

  void expect_same_end(const std::string& one, const std::string& other) const {
    const SafetensorsFile a = read_safetensors(directory(one) + "/checkpoint.safetensors"),
                          b = read_safetensors(directory(other) + "/checkpoint.safetensors");
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (const auto& [name, tensor] : a.tensors) ASSERT_EQ(tensor.values, b.tensors.at(name).values) << name;
    const auto lines = read_metrics_log(directory(one) + "/metrics.jsonl").epochs,
               others = read_metrics_log(directory(other) + "/metrics.jsonl").epochs;
    ASSERT_EQ(lines.size(), others.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i].step, others[i].step);
      EXPECT_EQ(lines[i].train_nats_per_dim, others[i].train_nats_per_dim);
      EXPECT_EQ(lines[i].validation_nats_per_dim, others[i].validation_nats_per_dim);
    }
    EXPECT_EQ(metrics_of(one), metrics_of(other));
    EXPECT_EQ(slurp(directory(one) + "/results.json"), slurp(directory(other) + "/results.json"));
  }
};

// Inside an epoch, with every optimiser and schedule: the steps budget ends after the second of five steps.
TEST_F(ResumeAfterKill, InsideAnEpochEndsInTheSameBitsForEveryOptimiserAndSchedule) {
  const std::vector<std::vector<std::string>> recipes{
      {"train.optimiser=rmsprop", "train.momentum=0.5"},
      {"train.optimiser=adam", "train.schedule.kind=warmup_cosine", "train.schedule.warmup_steps=4"},
      {"train.optimiser=adamw", "train.schedule.kind=step", "train.schedule.every_steps=3"},
      {"train.optimiser=sgd", "train.momentum=0.9", "train.nesterov=true",
       "data.binarisation=bernoulli_per_epoch"}};
  int number = 0;
  for (const std::vector<std::string>& recipe : recipes) {
    const std::string whole = "whole" + std::to_string(number), parts = "parts" + std::to_string(number);
    ++number;
    const auto with = [&](const std::string& name, std::vector<std::string> more) {
      more.insert(more.end(), recipe.begin(), recipe.end());
      more.push_back("name=" + name);
      more.push_back("train.epochs=3");
      more.push_back("train.checkpoint_every.steps=1");
      more.push_back("train.report_every=2");
      return more;
    };
    run({.config = config(), .overrides = with(whole, {})});
    // Killed somewhere, as many times as it takes to see more than one place.
    const RunOptions first{.config = config(), .overrides = with(parts, {})};
    const RunOptions again{.resume = directory(parts)};
    for (int attempt = 0; attempt < 4; ++attempt) {
      const bool begun = fs::exists(directory(parts));
      run_in_process(begun ? again : first, SIGKILL, std::chrono::milliseconds(60 + 15 * attempt));
    }
    run(fs::exists(directory(parts)) ? again : first);
    expect_same_end(whole, parts);
  }
}

// A dozen kills, or as many as PCNN_KILLS says:
//   PCNN_KILLS=200 build/bin/pcnn-tests
//   --gtest_filter=ResumeAfterKill.EndsInTheSameBitsAfterKillsAtRandomMoments
TEST_F(ResumeAfterKill, EndsInTheSameBitsAfterKillsAtRandomMoments) {
  const char* const asked = std::getenv("PCNN_KILLS");
  const std::vector<std::string> recipe{"train.epochs=4", "train.checkpoint_every.steps=2",
                                        "train.report_every=3"};
  run({.config = config(), .overrides = {"name=whole", recipe[0], recipe[1], recipe[2]}});
  testing::Random random(3);
  int kills = 0;
  for (int left = asked ? std::atoi(asked) : 12; left > 0; --left) {
    const bool begun = fs::exists(directory());
    const RunOptions options =
        begun ? RunOptions{.resume = directory()} : RunOptions{.config = config(), .overrides = recipe};
    const int status = run_in_process(options, SIGKILL, std::chrono::milliseconds(random.between(10, 140)));
    kills += WIFSIGNALED(status);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "a resume failed: " << status;
    if (WIFSIGNALED(status)) continue;
    expect_same_end("whole", "tiny");  // it was over before the signal
    fs::remove_all(directory());
  }
  if (fs::exists(directory())) {
    run({.resume = directory()});
    expect_same_end("whole", "tiny");
  }
  EXPECT_GT(kills, 0);
}

TEST_F(ResumeAfterKill, ATermSignalSavesTheStepAndASampleAndExitsWith143) {
  run({.config = config(), .overrides = {"name=whole", "train.epochs=200"}});
  const auto start = std::chrono::steady_clock::now();
  const int status = run_in_process({.config = config(), .overrides = {"train.epochs=200"}}, SIGTERM,
                                    std::chrono::milliseconds(150));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 0) GTEST_SKIP() << "the run was over before the signal";
  EXPECT_EQ(WEXITSTATUS(status), 143);
  EXPECT_TRUE(fs::exists(directory() + "/checkpoint.safetensors"));
  EXPECT_FALSE(fs::exists(directory() + "/lock"));
  bool sampled = false;
  for (const auto& file : fs::directory_iterator(directory() + "/samples"))
    sampled = sampled || file.path().filename().string().starts_with("step-");
  EXPECT_TRUE(sampled);
  run({.resume = directory()});
  expect_same_end("whole", "tiny");
}

}  // namespace
}  // namespace pcnn

// What a sweep trains, records and leaves behind.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/io/file.h"
#include "engine/run/metrics.h"
#include "tests/sweep/tiny_sweep.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class Sweep : public TinySweep {};

TEST_F(Sweep, TrainsEveryCombinationAndNamesTheBest) {
  ASSERT_EQ(sweep_error({"train.batch=8,16", "train.learning_rate=0.001,0.01"}), "");
  EXPECT_EQ(states(), (Texts{"done", "done", "done", "done"}));
  EXPECT_EQ(read_metrics_log(directory() + "/trial-4/metrics.jsonl").epochs.size(), 3u);
  EXPECT_NE(text_of("trial-3/config.yaml").find("batch: 16"), std::string::npos);
  EXPECT_NE(text_of("trial-3/config.yaml").find("learning_rate: 0.001"), std::string::npos);
  const std::string csv = text_of("results.csv");
  EXPECT_EQ(std::ranges::count(csv, '\n'), 5);
  EXPECT_TRUE(csv.starts_with("trial,state,train.batch,train.learning_rate,validation_nats_per_dim,")) << csv;
  EXPECT_NE(text_of("parameters.svg").find(">train.batch<"), std::string::npos);
  EXPECT_NE(text_of("leaderboard.txt").find("4 done"), std::string::npos);
  EXPECT_NE(text_of("log.txt").find("trial 4  done"), std::string::npos);
  EXPECT_FALSE(fs::exists(directory() + "/lock"));
}

TEST_F(Sweep, WhoGivesItWhereARunIsWantedIsToldItsBestTrial) {
  ASSERT_EQ(sweep_error({"train.learning_rate=1e-6,0.01", "name=\"two rates\""}), "");
  const std::string sweep = directory("two rates"), trial = "'" + sweep + "/trial-2'\n";
  const auto said = [&](const std::string& program, const Texts& arguments) {
    EXPECT_EQ(WEXITSTATUS(run_program(program, arguments, root_ + "/said.txt")), 2) << program;
    return slurp(root_ + "/said.txt");
  };
  const std::string found = ": " + sweep + ": a sweep; its best trial: ";
  EXPECT_EQ(said("pcnn-eval", {sweep}), "pcnn-eval" + found + "pcnn-eval " + trial);
  EXPECT_EQ(said("pcnn-sample", {sweep, "-o", root_ + "/x.png"}),
            "pcnn-sample" + found + "pcnn-sample " + trial);
  EXPECT_EQ(said("pcnn-inspect", {sweep}), "pcnn-inspect" + found + "pcnn-inspect " + trial);
  EXPECT_EQ(said("pcnn-run", {"--resume", sweep}), "pcnn-run" + found + "pcnn-run --resume " + trial);
  EXPECT_EQ(said("pcnn-run", {config(), "name=x", "train.start_from='" + sweep + "'"}),
            "pcnn-run: train.start_from: " + sweep + ": a sweep; its best trial: train.start_from=" + trial);

  // Also after the sweep was looked at again, and while no trial has come far enough.
  ASSERT_EQ(sweep_error({"train.learning_rate=1e-6,0.01", "name=\"two rates\""}), "");
  EXPECT_EQ(said("pcnn-eval", {sweep}), "pcnn-eval" + found + "pcnn-eval " + trial);
  std::ofstream(sweep + "/sweep.json") << R"({"format": "pcnn sweep 1", "trials": []})";
  EXPECT_EQ(said("pcnn-eval", {sweep}),
            "pcnn-eval: " + sweep +
                ": a sweep, and none of its trials has ended an epoch; each is a run: pcnn-eval '" + sweep +
                "/trial-1'\n");
}

TEST_F(Sweep, LeavesAConfigThatTrainsTheBestTrialAgain) {
  ASSERT_EQ(sweep_error({"train.batch=8,16", "train.learning_rate=0.01"}), "");
  run({.config = directory() + "/best.yaml"});
  const std::string again = slurp(directory("tiny_best") + "/results.json");
  EXPECT_TRUE(again == text_of("trial-1/results.json") || again == text_of("trial-2/results.json"));
}

TEST_F(Sweep, OfTheConfigIsWhatTheCommandLineLeavesOfIt) {
  write_config(
      "sweep: {method: random, trials: 4, parallel: 2, parameters: {train.batch: [8, 16, 32], seed: {min: 1, "
      "max: 9}}}\n");
  ASSERT_EQ(sweep_error({"sweep.trials=3", "train.batch=16", "train.epochs=1"}), "");
  EXPECT_EQ(states().size(), 3u);
  EXPECT_TRUE(text_of("results.csv").starts_with("trial,state,seed,validation"))
      << "the batch is the same in all";
  EXPECT_NE(text_of("trial-1/config.yaml").find("batch: 16"), std::string::npos);
  EXPECT_EQ(text_of("trial-1/config.yaml").find("sweep"), std::string::npos);
  EXPECT_EQ(message_of({.config = config(), .overrides = {"name=alone", "train.epochs=1"}}), "")
      << "pcnn-run trains it once";
}

TEST_F(Sweep, RecordsATrialThatFailsAndGoesOn) {
  const Texts arguments{"train.start_from=null,/none"};
  const std::string failed =
      directory() + ": of 2 trials 1 failed (--retry-failed runs such again); trial 2: train.start_from: ";
  EXPECT_TRUE(sweep_error(arguments).starts_with(failed)) << sweep_error(arguments);
  EXPECT_EQ(states(), (Texts{"done", "failed"}));
  EXPECT_NE(text_of("leaderboard.txt").find("trial 2 failed: "), std::string::npos);
  // Rerun, it stays as it is; asked to, it is tried again.
  const auto written = fs::last_write_time(directory() + "/trial-2.txt");
  EXPECT_TRUE(sweep_error(arguments).starts_with(failed));
  EXPECT_EQ(fs::last_write_time(directory() + "/trial-2.txt"), written);
  EXPECT_TRUE(sweep_error(arguments, true).starts_with(failed));
  EXPECT_GT(fs::last_write_time(directory() + "/trial-2.txt"), written);
}

// It would diverge again: it is no failure to be mended.
TEST_F(Sweep, RecordsATrialThatDivergesAndDoesNotTryItAgain) {
  // One step an epoch: what it does is seen by the validation alone.
  const Texts arguments{"train.learning_rate=0.01,900", "train.optimiser=adam", "train.batch=39"};
  const std::string diverged = directory() + ": of 2 trials 1 diverged; trial 2: step 1, learning rate 900: ";
  EXPECT_TRUE(sweep_error(arguments).starts_with(diverged)) << sweep_error(arguments);
  EXPECT_EQ(states(), (Texts{"done", "diverged"}));
  const std::string csv = text_of("results.csv");
  EXPECT_NE(csv.find("2,diverged,900"), std::string::npos) << csv;
  EXPECT_NE(csv.find("kept in " + directory() + "/trial-2"), std::string::npos) << csv;
  EXPECT_NE(text_of("leaderboard.txt").find("2 trials: 1 done, 1 diverged; "), std::string::npos);
  EXPECT_NE(text_of("leaderboard.txt").find("trial 2 diverged: step 1"), std::string::npos);
  EXPECT_NE(text_of("leaderboard.txt").find("best: trial 1"), std::string::npos);
  const auto written = fs::last_write_time(directory() + "/trial-2.txt");
  EXPECT_TRUE(sweep_error(arguments, true).starts_with(diverged));
  EXPECT_EQ(fs::last_write_time(directory() + "/trial-2.txt"), written);
}

// Under an old name of its key each trial would have the value that the config gives to the new one.
TEST_F(Sweep, OverTheOldNameOfAKeyIsOverTheKey) {
  std::string text = slurp(config());
  text.replace(text.find("count: 3"), 8, "count: 3, chain_batch: 1");
  std::ofstream(config()) << text << "sweep: {parameters: {sample.flock: [2, 3]}}\n";
  const auto expect_swept = [&](const std::string& name) {
    EXPECT_TRUE(text_of("results.csv", name).starts_with("trial,state,sample.chain_batch,")) << name;
    EXPECT_NE(text_of("trial-1/config.yaml", name).find("chain_batch: 2\n"), std::string::npos) << name;
    EXPECT_NE(text_of("trial-2/config.yaml", name).find("chain_batch: 3\n"), std::string::npos) << name;
    EXPECT_NE(text_of("log.txt", name).find("note: sample.flock is called sample.chain_batch now\n"),
              std::string::npos)
        << name;
  };
  ASSERT_EQ(sweep_error({"train.epochs=1"}), "");
  expect_swept("tiny");
  ASSERT_EQ(sweep_error({"train.epochs=1", "sample.flock=2,3", "name=given"}), "");
  expect_swept("given");
  EXPECT_EQ(sweep_error({"sample.flock=2,3", "sample.chain_batch=2", "name=x"}),
            "override 'sample.chain_batch=2': sample.chain_batch is given twice; a sweep's list is "
            "sample.chain_batch=a,b,c");
  std::ofstream(config()) << text << "sweep: {parameters: {sample.flock: [2, 3], sample.chain_batch: [4]}}\n";
  EXPECT_NE(sweep_error({"name=x"}).find("the old name of sample.chain_batch, which is swept, too"),
            std::string::npos)
      << sweep_error({"name=x"});
}

TEST_F(Sweep, GoesOnWithoutATableOrAPictureThatCannotBeWritten) {
  ASSERT_EQ(sweep_error({"seed=1,2", "train.epochs=1"}), "");
  for (const char* name : {"parameters.svg", "results.csv", "best.yaml"}) {
    fs::remove(directory() + "/" + name);
    fs::create_directory(directory() + "/" + name);
  }
  ASSERT_EQ(sweep_error({"seed=1,2,3", "train.epochs=1"}), "");
  EXPECT_EQ(states(), (Texts{"done", "done", "done"}));
  const std::string log = text_of("log.txt");
  for (const char* name : {"parameters.svg", "results.csv", "best.yaml"}) {
    const std::string note =
        directory() + "/" + name + ": cannot be written: Is a directory; it is left out\n";
    EXPECT_NE(log.find(note), std::string::npos) << log;
    EXPECT_EQ(log.find(note), log.rfind(note)) << log;
  }
}

TEST_F(Sweep, SaysWhichTrialsHaveLostTheirResultsAndRunsThemAgainWhereAsked) {
  const Texts arguments{"seed=1,2,3", "train.epochs=1"};
  ASSERT_EQ(sweep_error(arguments), "");
  const std::string scores = text_of("trial-2/results.json");
  ASSERT_EQ(sweep_error(arguments), "");
  EXPECT_EQ(text_of("log.txt").find("is gone"), std::string::npos);
  for (const char* gone : {"checkpoint.safetensors", "previous.safetensors", "results.json"})
    fs::remove(directory() + "/trial-2/" + gone);
  fs::remove(directory() + "/trial-3/results.json");
  ASSERT_EQ(sweep_error(arguments), "");
  EXPECT_EQ(states(), (Texts{"done", "done", "done"}));
  EXPECT_NE(
      text_of("log.txt").find("note: trial 2 and 1 more: ended, but their checkpoint or results.json is "
                              "gone; --retry-failed runs them again\n"),
      std::string::npos)
      << text_of("log.txt");
  ASSERT_EQ(sweep_error(arguments, true), "");
  EXPECT_EQ(states(), (Texts{"done", "done", "done"}));
  EXPECT_EQ(text_of("trial-2/results.json"), scores);
  EXPECT_TRUE(fs::exists(directory() + "/trial-3/results.json"));
  EXPECT_TRUE(fs::exists(directory() + "/trial-2.lost/best.safetensors")) << "nothing of it was lost";
  EXPECT_EQ(message_of({.resume = directory() + "/trial-3", .overrides = {"train.epochs=2"}}), "");
}

TEST_F(Sweep, PassesOverWhatItCannotReadOfATrialAndSaysSo) {
  const Texts arguments{"train.batch=8,16", "train.learning_rate=0.01"};
  ASSERT_EQ(sweep_error(arguments), "");
  const std::string metrics = directory() + "/trial-1/metrics.jsonl", board = text_of("leaderboard.txt");
  std::ofstream(metrics, std::ios::app) << R"({"epoch": 4, "step": 9, "validation_nats_per_dim": null})"
                                        << "\n";
  std::ofstream(directory() + "/trial-2/results.json") << "torn";
  std::ofstream(directory() + "/log.txt") << "";
  ASSERT_EQ(sweep_error(arguments), "");
  const std::string log = text_of("log.txt"), results = directory() + "/trial-2/results.json";
  const auto lines = std::ranges::count(slurp(metrics), '\n');
  EXPECT_NE(log.find(metrics + ": line " + std::to_string(lines) + " cannot be read and is passed over\n"),
            std::string::npos)
      << log;
  EXPECT_NE(log.find(results + ": byte 1: not JSON; it is passed over"), std::string::npos) << log;
  const auto first_rows = [](const std::string& text) { return text.substr(0, text.find("test")); };
  EXPECT_EQ(first_rows(text_of("leaderboard.txt")), first_rows(board)) << "all else is known";
  EXPECT_EQ(states(), (Texts{"done", "done"}));
}

TEST_F(Sweep, SaysThatItCannotJudgeATrialWhoseFirstLinesAreLost) {
  write_config(
      "sweep: {early_stopping: {max: 4, grace: 1, reduction_factor: 2}, parameters: {train.learning_rate: "
      "[0.01, 0.009]}}\n");
  ASSERT_EQ(sweep_error({}), "");
  const std::string metrics = directory() + "/trial-1/metrics.jsonl", text = slurp(metrics);
  std::ofstream(metrics) << text.substr(text.find("{\"epoch\":4"));
  ASSERT_EQ(sweep_error({}), "");
  const std::string log = text_of("log.txt");
  EXPECT_NE(log.find(metrics + ": has no line of 1 of the epochs 1 to 1, the first of them 1; early stopping "
                               "does not judge the trial there\n"),
            std::string::npos)
      << log;
}

TEST_F(Sweep, SaysByItsExitCodeWhetherSomeTrialsFailed) {
  const auto code = [&](const Texts& arguments) {
    Texts words{config(), "train.optimiser=sgd", "train.epochs=1"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return WEXITSTATUS(run_program("pcnn-sweep", words, root_ + "/said.txt"));
  };
  EXPECT_EQ(code({"train.learning_rate=0.01,0.02", "name=none"}), 0);
  EXPECT_EQ(code({"train.learning_rate=0.01,900", "name=some"}), 3) << slurp(root_ + "/said.txt");
  EXPECT_NE(
      slurp(root_ + "/said.txt").find("\npcnn-sweep: " + directory("some") + ": of 2 trials 1 diverged"),
      std::string::npos)
      << slurp(root_ + "/said.txt");
  EXPECT_EQ(code({"train.learning_rate=800,900", "name=all"}), 2);
}

TEST_F(Sweep, OverAGoverningKeyGivesEachTrialItsOwnConstants) {
  write_config("", "validation_images: 11");
  std::string text = slurp(config());
  text.replace(text.find("optimiser: adam"), 15, "optimiser: rmsprop, rho: 0.8, epsilon: 0.001");
  std::ofstream(config()) << text;
  ASSERT_EQ(sweep_error({"train.optimiser=rmsprop,adam", "train.epochs=1"}), "");
  const std::string first = text_of("trial-1/config.yaml"), second = text_of("trial-2/config.yaml");
  EXPECT_NE(first.find("rho: 0.8\n"), std::string::npos);
  EXPECT_NE(first.find("epsilon: 0.001\n"), std::string::npos);
  EXPECT_EQ(second.find("rho:"), std::string::npos);
  EXPECT_NE(second.find("epsilon: 1.0e-07\n"), std::string::npos) << second;
  EXPECT_NE(text_of("log.txt").find("note: train.epsilon: 0.001, train.rho: 0.8 are left out, they belong to "
                                    "train.optimiser: rmsprop"),
            std::string::npos)
      << text_of("log.txt");
}

TEST_F(Sweep, OfAConfigThatIncludesOthersKeepsThemAll) {
  fs::create_directories(root_ + "/shared");
  fs::rename(config(), root_ + "/shared/base.yaml");
  std::ofstream(config()) << "include: shared/base.yaml\ntrain: {batch: 16, epochs: 1}\n";
  ASSERT_EQ(sweep_error({"seed=1,2"}), "");
  EXPECT_EQ(states(), (Texts{"done", "done"}));
  EXPECT_EQ(text_of("sweep.yaml").find("include"), std::string::npos);
  EXPECT_NE(text_of("trial-2/config.yaml").find("batch: 16"), std::string::npos);
  // The sweep goes on without the file.
  const std::string before = text_of("sweep.yaml");
  ASSERT_EQ(sweep_error({"seed=1,2,3"}), "");
  EXPECT_EQ(text_of("sweep.yaml"), before);
  std::ofstream(config()) << "include: shared/base.yaml\ntrain: {batch: 0}\n";
  EXPECT_EQ(sweep_error({"seed=1,2"}),
            config() + ":2:16: train.batch: found 0, accepted: an integer in [1, 1048576]");
}

TEST_F(Sweep, ThatAllFailsSaysSo) {
  const std::string error = sweep_error({"train.optimiser=sgd", "train.learning_rate=800,900"});
  EXPECT_TRUE(error.starts_with(directory() + ": all trials diverged; the first: step ")) << error;
  EXPECT_EQ(states(), (Texts{"diverged", "diverged"}));
}

TEST_F(Sweep, StopsTrialsThatFallBehind) {
  // One at a time, the second much worse from its first epoch.
  write_config(
      "sweep: {early_stopping: {max: 40, grace: 1, reduction_factor: 2}, parameters: {train.learning_rate: "
      "[0.01, 1e-9]}}\n");
  ASSERT_EQ(sweep_error({}), "");
  EXPECT_EQ(states(), (Texts{"done", "stopped"}));
  EXPECT_EQ(read_metrics_log(directory() + "/trial-1/metrics.jsonl").epochs.size(), 40u)
      << "max sets the epochs";
  EXPECT_EQ(text_of("trial-2/results.json").find("models"), std::string::npos) << "it is not scored";
  for (const char* file : {"trial-2/results.json", "trial-2/log.txt", "trial-2/report.html"})
    EXPECT_NE(text_of(file).find("stopped early by its sweep, whose other trials do better"),
              std::string::npos)
        << file;
  EXPECT_TRUE(fs::exists(directory() + "/trial-2/checkpoint.safetensors")) << "what is stopped is saved";
  ASSERT_EQ(sweep_error({}), "");
  EXPECT_EQ(states(), (Texts{"done", "stopped"})) << "and stays stopped";
}

TEST_F(Sweep, IsWhatMultirunDoes) {
  ASSERT_EQ(run_program("pcnn-run", {"-m", config(), "train.batch=8,16", "train.epochs=1"}), 0);
  EXPECT_EQ(states(), (Texts{"done", "done"}));
  EXPECT_EQ(WEXITSTATUS(run_program("pcnn-run", {"-m", "--resume", directory()})), 2);
}

}  // namespace
}  // namespace pcnn

// Whole sweeps of tiny runs.

#include "engine/sweep/sweep.h"

#include <nlohmann/json.hpp>

#include "engine/io/file.h"
#include "engine/run/metrics.h"
#include "engine/run/new_directory.h"
#include "engine/run/run_lock.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"
#include "tests/support/kill_at_change.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

class Sweep : public TinyRun {
 protected:
  // A sweep of the tiny config with these arguments; what it says when it fails.
  [[nodiscard]] std::string sweep_error(const Texts& arguments, bool retry_failed = false) const {
    return error_of([&] {
      sweep({.config = config(),
             .arguments = arguments,
             .program = programs() / "pcnn-run",
             .retry_failed = retry_failed});
    });
  }
  [[nodiscard]] std::string text_of(const std::string& file, const std::string& name = "tiny") const {
    return slurp(directory(name) + "/" + file);
  }
  [[nodiscard]] Texts states(const std::string& name = "tiny") const {
    Texts states;
    const nlohmann::json all = nlohmann::json::parse(text_of("sweep.json", name));
    for (const auto& trial : all.at("trials")) states.push_back(trial.at("state"));
    return states;
  }
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

TEST_F(Sweep, TrainsEveryCombinationAndNamesTheBest) {
  ASSERT_EQ(sweep_error({"train.batch=8,16", "train.learning_rate=0.001,0.01"}), "");
  EXPECT_EQ(states(), (Texts{"done", "done", "done", "done"}));
  EXPECT_EQ(read_metrics(directory() + "/trial-4/metrics.jsonl").size(), 3u);
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

TEST_F(Sweep, RefusesAStateThatNoSweepWrites) {
  const Texts arguments{"train.learning_rate=0.001,0.01", "train.epochs=1"};
  ASSERT_EQ(sweep_error(arguments), "");
  const nlohmann::json good = nlohmann::json::parse(text_of("sweep.json"));
  const auto refuses = [&](const std::string& pointer, const nlohmann::json& value,
                           const std::string& message) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    write_file_atomic(directory() + "/sweep.json", bad.dump());
    EXPECT_NE(sweep_error(arguments).find(directory() + "/sweep.json: byte 0: " + message), std::string::npos)
        << sweep_error(arguments);
  };
  refuses("/trials/1/state", "over",
          "trials[1].state: found \"over\", accepted: waiting, done, stopped, failed or diverged");
  refuses("/trials/0/state", -1, "trials[0].state: found -1, accepted: text");
  refuses("/trials/0/config", 1, "trials[0].config: found 1, accepted: text");
  refuses("/trials/0/error", 1, "trials[0].error: found 1, accepted: text");
  refuses("/trials", 1, "trials: found 1, accepted: a list of objects");
  refuses("/trials/0", nullptr, "trials[0]: found null, accepted: an object");
  refuses("/format", "x", "format: found \"x\", accepted: \"pcnn sweep 1\"");
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

TEST_F(Sweep, ChecksEveryTrialBeforeItTrainsTheFirst) {
  EXPECT_EQ(
      sweep_error({"model.blocks.filters=4,0", "train.epochs=1"}),
      "trial 2 (model.blocks.filters=0): override 'model.blocks.filters=0': model.blocks.filters: found 0, "
      "accepted: an integer in [1, 4096]");
  EXPECT_EQ(
      sweep_error({"train.batch=8,0,16,-1", "seed=1,2"}),
      "trial 3 (train.batch=0 seed=1): override 'train.batch=0': train.batch: found 0, accepted: an integer "
      "in [1, 1048576]; 4 of 8 trials are refused");
  EXPECT_TRUE(sweep_error({"data.validation_images=11,50"})
                  .starts_with("trial 2 (data.validation_images=50): data.validation_images: found 50"))
      << sweep_error({"data.validation_images=11,50"});
  // What a random search would draw late is seen early, too.
  write_config("sweep: {method: random, trials: 4, parameters: {train.batch: {min: 0, max: 3}}}\n");
  EXPECT_NE(sweep_error({}).find("(train.batch=0): override 'train.batch=0': train.batch: found 0"),
            std::string::npos)
      << sweep_error({});
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
}

TEST_F(Sweep, DryRunPrintsThePlanAndWritesNothing) {
  const auto said = [&](const std::string& program, Texts arguments, int code) {
    const int status = run_program(program, arguments, root_ + "/said.txt");
    EXPECT_EQ(WEXITSTATUS(status), code);
    return slurp(root_ + "/said.txt");
  };
  const Texts arguments{config(), "--dry-run", "model.blocks.repeat=1,2", "train.batch=8,16"};
  const std::string plan = "sweep " + directory() +
                           ": 4 trials: 4 waiting; 2 parameters on a grid, 1 at once\n"
                           "trial  state    network         repeat  batch\n"
                           "1      waiting  345 parameters  1       8\n"
                           "2      waiting  345 parameters  1       16\n"
                           "3      waiting  569 parameters  2       8\n"
                           "4      waiting  569 parameters  2       16\n"
                           "dry run: every trial's config is good; nothing was trained or written\n";
  EXPECT_EQ(said("pcnn-sweep", arguments, 0), plan);
  Texts multirun = arguments;
  multirun.insert(multirun.begin(), "-m");
  EXPECT_EQ(said("pcnn-run", multirun, 0), plan);
  EXPECT_EQ(
      said("pcnn-sweep", {config(), "--dry-run", "train.batch=8,0"}, 2),
      "pcnn-sweep: trial 2 (train.batch=0): override 'train.batch=0': train.batch: found 0, accepted: an "
      "integer in [1, 1048576]\n");
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
  // Of one that has begun it says what is left.
  ASSERT_EQ(sweep_error({"train.batch=8", "seed=1,2", "train.epochs=1"}), "");
  EXPECT_EQ(said("pcnn-sweep", {config(), "--dry-run", "train.batch=8", "seed=1,2,3", "train.epochs=1"}, 0),
            "sweep " + directory() +
                ": 3 trials: 2 done, 1 waiting; 1 parameter on a grid, 1 at once\n"
                "trial  state    network         seed\n"
                "1      done     -               1\n"
                "2      done     -               2\n"
                "3      waiting  345 parameters  3\n"
                "dry run: every trial's config is good; nothing was trained or written\n");
  EXPECT_EQ(states().size(), 2u);
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

TEST_F(Sweep, OfTrialsThatAreAllRefusedIsRefusedAtOnce) {
  EXPECT_EQ(sweep_error({"train.bacth=8,16"}),
            "override 'train.bacth=8': train.bacth: unknown key; did you mean train.batch?");
  EXPECT_EQ(sweep_error({"train.epochs=1"}).substr(0, config().size()), config()) << "nothing to sweep";
  EXPECT_EQ(sweep_error({"name=a,b"}), config() + ":1:1: sweep: name cannot be swept, it is the sweep's own");
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
}

TEST_F(Sweep, WithoutItsDataIsRefusedAtOnce) {
  const std::string error = sweep_error({"data.directory=" + root_ + "/none", "train.batch=8,16"});
  EXPECT_TRUE(error.starts_with(root_ + "/none")) << error;
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
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
  EXPECT_EQ(read_metrics(directory() + "/trial-1/metrics.jsonl").size(), 40u) << "max sets the epochs";
  EXPECT_EQ(text_of("trial-2/results.json").find("models"), std::string::npos) << "it is not scored";
  for (const char* file : {"trial-2/results.json", "trial-2/log.txt", "trial-2/report.html"})
    EXPECT_NE(text_of(file).find("stopped early by its sweep, whose other trials do better"),
              std::string::npos)
        << file;
  EXPECT_TRUE(fs::exists(directory() + "/trial-2/checkpoint.safetensors")) << "what is stopped is saved";
  ASSERT_EQ(sweep_error({}), "");
  EXPECT_EQ(states(), (Texts{"done", "stopped"})) << "and stays stopped";
}

TEST_F(Sweep, KnowsWhatEarlyStoppingNeeds) {
  write_config("sweep: {early_stopping: {max: 4}, parameters: {train.epochs: [1, 2]}}\n");
  EXPECT_NE(sweep_error({}).find("sweep.early_stopping.max: the trials' epochs, which"), std::string::npos)
      << sweep_error({});
  write_config("sweep: {early_stopping: {}, parameters: {seed: [1, 2]}}\n");
  EXPECT_NE(sweep_error({"train.epochs=null", "train.steps=9"}).find("sweep.early_stopping.max: missing"),
            std::string::npos);
}

TEST_F(Sweep, TakesMoreTrialsAndNoOthers) {
  ASSERT_EQ(sweep_error({"train.batch=8,16", "train.epochs=1"}), "");
  const std::string before = text_of("trial-2/results.json");
  ASSERT_EQ(sweep_error({"train.batch=8,16,32", "train.epochs=1"}), "");
  EXPECT_EQ(states(), (Texts{"done", "done", "done"}));
  EXPECT_EQ(text_of("trial-2/results.json"), before);
  const std::string other = directory() + ": holds another sweep (";
  EXPECT_TRUE(sweep_error({"train.batch=16,8,32", "train.epochs=1"})
                  .starts_with(other + "its trial 1 is train.batch=8"));
  EXPECT_TRUE(sweep_error({"train.batch=8,16,32", "train.epochs=2"})
                  .starts_with(other + "its trial 1 is train.batch=8"));
  EXPECT_TRUE(sweep_error({"train.batch=8,16", "train.epochs=1"})
                  .starts_with(other + "of 3 trials, and now there are 2"));
  EXPECT_EQ(states().size(), 3u) << "and nothing of it is touched";
}

TEST_F(Sweep, LeavesWhatIsNoSweepAlone) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  EXPECT_EQ(sweep_error({"train.batch=8,16"}),
            directory() +
                ": exists already and is no sweep that can be begun anew: it holds best.safetensors and no "
                "sweep.json; "
                "choose another directory with name=NAME or output=DIRECTORY");
  const RunLock lock(directory());
}

TEST_F(Sweep, BeginsAnewWhereAStartCameToNothing) {
  fs::create_directories(directory());
  std::ofstream(directory() + "/log.txt") << "a line\n";
  std::ofstream(directory() + "/sweep.yaml") << "name: other\n";
  std::ofstream(directory() + "/sweep.json.part12-0") << "x";
  ASSERT_EQ(sweep_error({"train.batch=8,16", "train.epochs=1"}), "");
  EXPECT_EQ(states(), (Texts{"done", "done"}));
  EXPECT_TRUE(text_of("log.txt").starts_with("a line\n"));
  EXPECT_NE(text_of("log.txt").find("never came to sweep.json: it begins anew"), std::string::npos);
  EXPECT_EQ(text_of("sweep.yaml.before"), "name: other\n");
  EXPECT_FALSE(fs::exists(directory() + "/sweep.json.part12-0"));
}

TEST_F(Sweep, KilledAtAnyChangeOfFilesOfItsStartCanBeRepeated) {
  const Texts arguments{config(), "seed=1,2", "train.epochs=null", "train.steps=1", "sample.count=0"};
  int before_its_name = 0;
  for (int change = 1, after = 0; after < 3; ++change) {
    fs::remove_all(root_ + "/runs");
    const auto killed = testing::kill_at_change(change, programs() / "pcnn-sweep", arguments);
    if (killed == testing::Killed::kCannot) GTEST_SKIP() << "this process may not trace others";
    ASSERT_EQ(killed, testing::Killed::kThere) << change;
    const bool has_begun = fs::exists(directory() + "/sweep.json");
    EXPECT_EQ(fs::exists(directory()), has_begun) << change;
    ++(has_begun ? after : before_its_name);
    EXPECT_EQ(run_program("pcnn-sweep", arguments, root_ + "/said.txt"), 0)
        << change << ": " << slurp(root_ + "/said.txt");
    EXPECT_EQ(states(), (Texts{"done", "done"})) << change;
    EXPECT_FALSE(fs::exists(starting_name(directory()))) << change;
  }
  EXPECT_GT(before_its_name, 8);
}

// A trial whose directory a user put files into is not the sweep's to remove.
TEST_F(Sweep, LeavesATrialsDirectoryAloneThatIsMoreThanAStart) {
  ASSERT_EQ(sweep_error({"train.batch=8,16", "train.epochs=1"}), "");
  fs::remove_all(directory() + "/trial-2");
  fs::create_directories(directory() + "/trial-2");
  std::ofstream(directory() + "/trial-2/notes.txt") << "mine";
  std::string state = text_of("sweep.json");
  state.replace(state.rfind("\"done\""), 6, "\"waiting\"");
  std::ofstream(directory() + "/sweep.json") << state;
  EXPECT_NE(sweep_error({"train.batch=8,16", "train.epochs=1"}).find("it holds notes.txt"),
            std::string::npos);
  EXPECT_EQ(text_of("trial-2/notes.txt"), "mine");
  EXPECT_EQ(states(), (Texts{"done", "failed"}));
}

TEST_F(Sweep, InADirectoryThatWasMovedEndsInOneLineAndLeavesNoHalfOne) {
  const pid_t child = start_program(
      "pcnn-sweep", {config(), "seed=1,2", "train.epochs=1000000", "sample.count=0"}, root_ + "/said.txt");
  for (int look = 0; look < 500 && !fs::exists(directory() + "/trial-1/report.html"); ++look)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
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

TEST_F(Sweep, RemovesHalfWrittenFilesAlsoOfTrialsThatAreDone) {
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

TEST_F(Sweep, IsRefusedWhileAnotherProcessWorksOnIt) {
  ASSERT_EQ(sweep_error({"train.batch=8,16", "train.epochs=1"}), "");
  const RunLock lock(directory());
  EXPECT_NE(sweep_error({"train.batch=8,16", "train.epochs=1"}).find("in use by process"), std::string::npos);
}

TEST_F(Sweep, IsWhatMultirunDoes) {
  ASSERT_EQ(run_program("pcnn-run", {"-m", config(), "train.batch=8,16", "train.epochs=1"}), 0);
  EXPECT_EQ(states(), (Texts{"done", "done"}));
  EXPECT_EQ(WEXITSTATUS(run_program("pcnn-run", {"-m", "--resume", directory()})), 2);
}

TEST_F(Sweep, GoesOnAfterSigintWithTheSameBits) {
  const Texts arguments{"train.batch=8,16", "seed=1,2", "train.epochs=60", "sweep.parallel=2"};
  ASSERT_EQ(sweep_error({"train.batch=8,16", "seed=1,2", "train.epochs=60", "name=whole"}), "");
  EXPECT_GT(interruptions_until_done(arguments, SIGINT), 0);
  EXPECT_EQ(states(), (Texts{"done", "done", "done", "done"}));
  EXPECT_EQ(scores("tiny", 4), scores("whole", 4));
}

// To which the signal of a closed session goes as well as to their sweep.
TEST_F(Sweep, ClosedWithItsTerminalSavesItsTrials) {
  const SignalNotIgnored hangup(SIGHUP);
  const pid_t child = start_program("pcnn-sweep",
                                    {config(), "seed=1,2", "train.epochs=1000000", "sample.count=0",
                                     "train.checkpoint_every.steps=1000000", "sweep.parallel=2"},
                                    root_ + "/said.txt");
  for (const char* trial : {"/trial-1", "/trial-2"})
    for (int look = 0; look < 500 && !fs::exists(directory() + trial + "/report.html"); ++look)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
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

TEST_F(Sweep, GoesOnAfterAKillWithTheSameBits) {
  const Texts arguments{"train.batch=8,16", "seed=1,2", "train.epochs=60", "sweep.parallel=2"};
  ASSERT_EQ(sweep_error({"train.batch=8,16", "seed=1,2", "train.epochs=60", "name=whole"}), "");
  EXPECT_GT(interruptions_until_done(arguments, SIGKILL), 0);
  EXPECT_EQ(states(), (Texts{"done", "done", "done", "done"}));
  EXPECT_EQ(scores("tiny", 4), scores("whole", 4));
}

}  // namespace
}  // namespace pcnn

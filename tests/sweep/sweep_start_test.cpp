// What a sweep refuses, and how it begins or goes on.

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/io/file.h"
#include "engine/run/new_directory.h"
#include "engine/run/run_lock.h"
#include "tests/support/kill_at_change.h"
#include "tests/sweep/tiny_sweep.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class SweepStart : public TinySweep {};

TEST_F(SweepStart, RefusesAStateThatNoSweepWrites) {
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

TEST_F(SweepStart, ChecksEveryTrialBeforeItTrainsTheFirst) {
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

TEST_F(SweepStart, DryRunPrintsThePlanAndWritesNothing) {
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

TEST_F(SweepStart, OfTrialsThatAreAllRefusedIsRefusedAtOnce) {
  EXPECT_EQ(sweep_error({"train.bacth=8,16"}),
            "override 'train.bacth=8': train.bacth: unknown key; did you mean train.batch?");
  EXPECT_EQ(sweep_error({"train.epochs=1"}).substr(0, config().size()), config()) << "nothing to sweep";
  EXPECT_EQ(sweep_error({"name=a,b"}), config() + ":1:1: sweep: name cannot be swept, it is the sweep's own");
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
}

TEST_F(SweepStart, WithoutItsDataIsRefusedAtOnce) {
  const std::string error = sweep_error({"data.directory=" + root_ + "/none", "train.batch=8,16"});
  EXPECT_TRUE(error.starts_with(root_ + "/none")) << error;
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
}

TEST_F(SweepStart, KnowsWhatEarlyStoppingNeeds) {
  write_config("sweep: {early_stopping: {max: 4}, parameters: {train.epochs: [1, 2]}}\n");
  EXPECT_NE(sweep_error({}).find("sweep.early_stopping.max: the trials' epochs, which"), std::string::npos)
      << sweep_error({});
  write_config("sweep: {early_stopping: {}, parameters: {seed: [1, 2]}}\n");
  EXPECT_NE(sweep_error({"train.epochs=null", "train.steps=9"}).find("sweep.early_stopping.max: missing"),
            std::string::npos);
}

TEST_F(SweepStart, TakesMoreTrialsAndNoOthers) {
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

TEST_F(SweepStart, LeavesWhatIsNoSweepAlone) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  EXPECT_EQ(sweep_error({"train.batch=8,16"}),
            directory() +
                ": exists already and is no sweep that can be begun anew: it holds best.safetensors and no "
                "sweep.json; "
                "choose another directory with name=NAME or output=DIRECTORY");
  const RunLock lock(directory());
}

TEST_F(SweepStart, BeginsAnewWhereAStartCameToNothing) {
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

TEST_F(SweepStart, KilledAtAnyChangeOfFilesOfItsStartCanBeRepeated) {
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
TEST_F(SweepStart, LeavesATrialsDirectoryAloneThatIsMoreThanAStart) {
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

TEST_F(SweepStart, IsRefusedWhileAnotherProcessWorksOnIt) {
  ASSERT_EQ(sweep_error({"train.batch=8,16", "train.epochs=1"}), "");
  const RunLock lock(directory());
  EXPECT_NE(sweep_error({"train.batch=8,16", "train.epochs=1"}).find("in use by process"), std::string::npos);
}

}  // namespace
}  // namespace pcnn

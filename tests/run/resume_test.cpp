// Runs that go on: with which config, images and budgets, and what they write once.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/io/file.h"
#include "engine/run/interruption.h"
#include "engine/run/metrics.h"
#include "engine/run/run_lock.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class Resume : public TinyRun {};

TEST_F(Resume, RefusesAConfigThatIsNotTheRunsAndNamesTheKeys) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  const std::string path = directory() + "/config.yaml", good = slurp(path);
  const auto edited = [&](const std::vector<std::pair<std::string, std::string>>& edits) {
    std::string text = good;
    for (const auto& [from, to] : edits) {
      const std::size_t at = text.find(from + "\n");
      EXPECT_NE(at, std::string::npos) << from;
      text.replace(at, from.size(), to);
    }
    std::ofstream(path) << text;
    return message_of({.resume = directory(), .overrides = {"train.epochs=2"}});
  };
  struct Case {
    std::vector<std::pair<std::string, std::string>> edits;
    std::string said;
  };
  const std::vector<Case> cases{
      {{{"seed: 1", "seed: 2"}}, "seed 2 (was 1); put it back"},
      {{{"  batch: 8", "  batch: 4"}}, "train.batch 4 (was 8); put it back"},
      {{{"  learning_rate: 0.001", "  learning_rate: 0.01"}}, "train.learning_rate 0.01 (was 0.001); put it"},
      {{{"  activation: relu", "  activation: elu"}}, "model.activation elu (was relu); put it back"},
      {{{"  optimiser: adam", "  optimiser: adamw"}}, "train.optimiser adamw (was adam); put it back"},
      {{{"  validation_images: 11", "  validation_images: 10"}},
       "data.validation_images 10 (was 11); put it"},
      {{{"seed: 1", "seed: 3"}, {"  batch: 8", "  batch: 5"}, {"  count: 3", "  count: 2"}},
       "seed 3 (was 1), train.batch 5 (was 8); put them back"}};
  const std::string metrics = slurp(directory() + "/metrics.jsonl");
  for (const Case& test : cases) {
    const std::string message = edited(test.edits), text = slurp(path);
    EXPECT_TRUE(message.starts_with(path + ": not what the run was trained with: " + test.said)) << message;
    EXPECT_NE(message.find("train.start_from=" + directory()), std::string::npos) << message;
    EXPECT_EQ(slurp(path), text) << "left as it was edited";
    EXPECT_EQ(slurp(directory() + "/metrics.jsonl"), metrics);
  }
  // Written in other words, or what may change: it goes on.
  EXPECT_EQ(edited({{"  learning_rate: 0.001", "  learning_rate: 1e-3  # as it was"},
                    {"  count: 3", "  count: 2"}}),
            "");
  EXPECT_NE(
      slurp(directory() + "/log.txt")
          .find("note: changed since the last checkpoint: train.epochs 2 (was 1), sample.count 2 (was 3)"),
      std::string::npos)
      << slurp(directory() + "/log.txt");
}

TEST_F(Resume, GoesOnWithTheOverridesThatAHandMayMakeToo) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  for (const char* refused :
       {"seed=2", "train.batch=4", "train.epochs_more=3", "train={epochs: 3}", "model={}"})
    EXPECT_NE(
        message_of({.resume = directory(), .overrides = {refused}}).find("a resumed run keeps its config"),
        std::string::npos)
        << refused;
  EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=2", "precision=auto"}}), "");
  EXPECT_NE(slurp(directory() + "/log.txt").find("precision auto (was f32)"), std::string::npos);
}

// A budget that ends inside an epoch writes that down; the whole epoch takes its place.
TEST_F(Resume, WritesTheLineOfAnEpochOnce) {
  run({.config = config(), .overrides = {"name=whole", "train.epochs=3"}});
  run({.config = config(), .overrides = {"train.epochs=null", "train.steps=7"}});
  ASSERT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.size(), 2u);
  EXPECT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.back().epoch, 2);
  fs::remove(directory() + "/results.json");
  run({.resume = directory()});  // to be scored alone: the line stays
  ASSERT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.size(), 2u);
  run({.resume = directory(), .overrides = {"train.epochs=3", "train.steps=null"}});
  const auto lines = read_metrics_log(directory() + "/metrics.jsonl").epochs,
             whole = read_metrics_log(directory("whole") + "/metrics.jsonl").epochs;
  ASSERT_EQ(lines.size(), whole.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].epoch, whole[i].epoch);
    EXPECT_EQ(lines[i].step, whole[i].step);
    EXPECT_EQ(lines[i].validation_nats_per_dim, whole[i].validation_nats_per_dim);
  }
}

TEST_F(Resume, HasAStartFromTheVeryFirstMoment) {
  const std::vector<std::string> exploding{"train.optimiser=sgd", "train.learning_rate=1000"};
  const std::string message = message_of({.config = config(), .overrides = exploding});
  EXPECT_NE(message.find("the state of step 0 is kept"), std::string::npos) << message;
  EXPECT_TRUE(fs::exists(directory() + "/checkpoint.safetensors"));
}

TEST_F(Resume, ThatFailsLeavesTheConfigAsItWas) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  const std::string before = slurp(directory() + "/config.yaml");
  for (const char* file : {"/checkpoint.safetensors", "/previous.safetensors"})
    std::ofstream(directory() + file) << "torn";
  EXPECT_NE(message_of({.resume = directory(), .overrides = {"train.epochs=2"}}), "");
  EXPECT_EQ(slurp(directory() + "/config.yaml"), before);
}

TEST_F(Resume, RefusesOtherImages) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  write_idx(root_ + "/data/train-images-idx3-ubyte", 50, 253);
  EXPECT_NE(message_of({.resume = directory(), .overrides = {"train.epochs=2"}})
                .find("the train images are not those the run began with"),
            std::string::npos);
  write_idx(root_ + "/data/train-images-idx3-ubyte", 50);
  write_idx(root_ + "/data/t10k-images-idx3-ubyte", 8, 254);
  EXPECT_NE(message_of({.resume = directory(), .overrides = {"train.epochs=2"}})
                .find("the test images are not those the run began with"),
            std::string::npos);
}

TEST_F(Resume, RefusesADirectoryInUse) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  {
    const RunLock lock(directory());
    const std::string message = message_of({.resume = directory(), .overrides = {"train.epochs=2"}});
    EXPECT_NE(message.find("in use by process " + std::to_string(getpid())), std::string::npos) << message;
  }
  std::ofstream(directory() + "/lock") << "1\n";  // left behind by a killed process
  run({.resume = directory(), .overrides = {"train.epochs=2"}});
  EXPECT_FALSE(fs::exists(directory() + "/lock"));
}

TEST_F(Resume, OfAFinishedRunSaysHowToGoOnAndChangesNothing) {
  const auto files = [&](const std::string& name) {
    std::string all;
    for (const char* file : {"/log.txt", "/results.json", "/config.yaml", "/metrics.jsonl", "/report.html"})
      all += slurp(directory(name) + file);
    return all;
  };
  struct Case {
    std::vector<std::string> budget;
    std::string says;
  };
  const std::vector<Case> cases{
      {{"train.epochs=2"}, "train.epochs=2 is reached; to train on, raise it: `RESUME train.epochs=4`"},
      {{"train.steps=3"}, "train.steps=3 is reached; to train on, raise it: `RESUME train.steps=6`"},
      {{"train.epochs=2", "train.steps=10"},
       "train.steps=10 is reached; to train on, raise them: `RESUME train.steps=20 train.epochs=4`"},
      {{"train.seconds=0.001", "train.epochs=1000000"},
       "train.seconds=0.001 is reached; to train on, raise it: `RESUME train.seconds="}};
  for (int number = 0; const Case& test : cases) {
    const std::string name = "run " + std::to_string(++number);  // which a shell would take for two words
    std::vector<std::string> overrides = test.budget;
    overrides.push_back("name=" + name);
    run({.config = config(), .overrides = overrides});
    const std::string before = files(name);
    const std::string said = root_ + "/said.txt";
    ASSERT_EQ(run_program("pcnn-run", {"--resume", directory(name)}, said), 0) << slurp(said);
    std::string expected = directory(name) + " is finished: " + test.says;
    expected.replace(expected.find("RESUME"), 6, "pcnn-run --resume '" + directory(name) + "'");
    EXPECT_TRUE(slurp(said).starts_with(expected)) << slurp(said);
    EXPECT_EQ(files(name), before);
    const std::string words = slurp(said).substr(expected.find('`') + 1),
                      command = words.substr(0, words.find('`'));
    const std::string program =
        "'" + (programs() / "pcnn-run").string() + "'" + command.substr(8) + " > /dev/null";
    EXPECT_EQ(std::system(program.c_str()), 0) << "the suggested command: " << command;
    EXPECT_NE(files(name), before);
  }
}

// What is suggested goes on, where the budget of the resumed run is below what it has trained already.
TEST_F(Resume, OfARunThatIsFurtherThanItsBudgetSaysABudgetBeyondThat) {
  run({.config = config(), .overrides = {"train.epochs=3"}});
  const std::string said = root_ + "/said.txt";
  ASSERT_EQ(run_program("pcnn-run", {"--resume", directory(), "train.epochs=1"}, said), 0);
  EXPECT_TRUE(slurp(said).ends_with(" train.epochs=6`\n")) << slurp(said);
}

// As a run leaves them whose directory is moved after the line of a window, before its event.
TEST_F(Resume, WritesTheLineOfAWindowOnce) {
  run({.config = config(), .overrides = {"train.epochs=null", "train.steps=4", "train.report_every=100"}});
  const std::string path = directory() + "/metrics.jsonl";
  append_metrics(path, WindowMetrics{.epoch = 0.8, .step = 4, .steps = 4});
  run({.resume = directory(), .overrides = {"train.steps=8", "train.report_every=4"}});
  std::vector<std::int64_t> steps;
  for (const WindowMetrics& window : read_metrics_log(path).windows) {
    steps.push_back(window.step);
    EXPECT_GT(window.train_nats_per_dim, 0.0) << "not the line of before";
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{4, 8}));
}

// Learning nothing: the first epoch stays the best one.
TEST_F(Resume, OfARunThatPatienceEndsEndsWhereAnUndisturbedOneDoes) {
  const std::vector<std::string> recipe{"train.optimiser=sgd",   "train.learning_rate=1e-20",
                                        "train.average.decay=0", "train.epochs=100",
                                        "train.patience=4",      "train.checkpoint_every.steps=2"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), recipe.begin(), recipe.end());
    return more;
  };
  run({.config = config(), .overrides = with({"name=whole"})});
  EXPECT_EQ(read_metrics_log(directory("whole") + "/metrics.jsonl").epochs.size(), 5u);
  for (const char* file : {"/log.txt", "/results.json", "/report.html"})
    EXPECT_NE(
        slurp(directory("whole") + file).find("train.patience=4: no better validation loss since epoch 1"),
        std::string::npos)
        << file;
  EXPECT_TRUE(fs::exists(directory("whole") + "/samples/epoch-0005.png")) << "the last epoch draws";

  run({.config = config(), .overrides = with({"train.steps=13"})});  // inside the third epoch
  run({.resume = directory(), .overrides = {"train.steps=null"}});
  // The last lines of metrics are those of another budget: windows and the epoch that was cut short.
  EXPECT_EQ(slurp(directory() + "/results.json"), slurp(directory("whole") + "/results.json"));
  run({.resume = directory(), .overrides = {"train.patience=6"}});
  EXPECT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.back().epoch, 7);
}

TEST_F(Resume, FindsImagesThatHaveMoved) {
  run({.config = config(), .overrides = {"name=whole"}});
  run({.config = config(), .overrides = {"train.epochs=1"}});
  fs::rename(root_ + "/data", root_ + "/elsewhere");
  EXPECT_NE(message_of({.resume = directory(), .overrides = {"train.epochs=3"}}), "");
  run({.resume = directory(), .overrides = {"train.epochs=2", "data.directory=" + root_ + "/elsewhere"}});
  run({.resume = directory(), .overrides = {"train.epochs=3"}});  // the config knows now
  const auto scores = [&](const std::string& name) {
    return nlohmann::json::parse(slurp(directory(name) + "/results.json")).at("models");
  };
  EXPECT_EQ(scores("tiny"), scores("whole"));

  write_idx(root_ + "/elsewhere/train-images-idx3-ubyte", 50, 253);
  EXPECT_NE(message_of({.resume = directory(), .overrides = {"train.epochs=4"}})
                .find("train images are not those the run began with"),
            std::string::npos);
}

}  // namespace
}  // namespace pcnn

// Runs that are stopped, killed and damaged, and go on.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/io/file.h"
#include "engine/io/safetensors.h"
#include "engine/run/interruption.h"
#include "engine/run/metrics.h"
#include "engine/run/run_lock.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class Resume : public TinyRun {
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
    const auto lines = read_metrics(directory(one) + "/metrics.jsonl"),
               others = read_metrics(directory(other) + "/metrics.jsonl");
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
TEST_F(Resume, InsideAnEpochEndsInTheSameBitsForEveryOptimiserAndSchedule) {
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
//   PCNN_KILLS=200 build/bin/pcnn-tests --gtest_filter=Resume.EndsInTheSameBitsAfterKillsAtRandomMoments
TEST_F(Resume, EndsInTheSameBitsAfterKillsAtRandomMoments) {
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

TEST_F(Resume, ATermSignalSavesTheStepAndASampleAndExitsWith143) {
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

TEST_F(Resume, TakesThePreviousCheckpointWhereTheLatestIsDamaged) {
  run({.config = config(), .overrides = {"name=whole"}});
  run({.config = config(), .overrides = {"train.epochs=2"}});
  const std::string path = directory() + "/checkpoint.safetensors";
  std::string bytes = slurp(path);
  bytes[bytes.size() - 6] ^= 4;  // of the last tensor
  std::ofstream(path, std::ios::binary) << bytes;
  run({.resume = directory(), .overrides = {"train.epochs=3"}});
  EXPECT_NE(slurp(directory() + "/log.txt").find("goes on from " + directory() + "/previous.safetensors"),
            std::string::npos);
  const SafetensorsFile whole = read_safetensors(directory("whole") + "/checkpoint.safetensors"),
                        mended = read_safetensors(path);
  for (const auto& [name, tensor] : whole.tensors)
    EXPECT_EQ(tensor.values, mended.tensors.at(name).values) << name;

  for (const char* file : {"/checkpoint.safetensors", "/previous.safetensors"})
    std::ofstream(directory() + file, std::ios::binary) << bytes;
  const std::string message = message_of({.resume = directory()});
  EXPECT_NE(message.find("previous.safetensors"), std::string::npos) << message;
  EXPECT_NE(message.find("damaged"), std::string::npos) << message;
  EXPECT_EQ(slurp(path), bytes) << "nothing is overwritten";
}

TEST_F(Resume, TakesThePreviousCheckpointWhereTheLatestIsNotThere) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  fs::remove(directory() + "/checkpoint.safetensors");
  run({.resume = directory(), .overrides = {"train.epochs=3"}});
  EXPECT_NE(slurp(directory() + "/log.txt")
                .find("checkpoint.safetensors: is not there; goes on from " + directory() +
                      "/previous.safetensors"),
            std::string::npos);
  EXPECT_EQ(read_metrics(directory() + "/metrics.jsonl").size(), 3u);
}

// What cannot be read at the moment may be good: nothing is renamed, and nothing older is taken.
TEST_F(Resume, DoesNotTakeTroubleWithReadingForDamage) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  const std::string path = directory() + "/checkpoint.safetensors", bytes = slurp(path),
                    before = slurp(directory() + "/previous.safetensors");
  fs::rename(path, path + ".away");
  fs::create_directory(path);
  for (const bool dry_run : {false, true})
    EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=3"}, .dry_run = dry_run}),
              path + ": cannot be read: it is a directory, accepted: a regular file");
  EXPECT_FALSE(fs::exists(path + ".damaged"));
  fs::remove(path);
  fs::rename(path + ".away", path);
  EXPECT_EQ(slurp(directory() + "/previous.safetensors"), before);

  // With so few files that the program cannot begin, to as many as it needs.
  const std::string said = root_ + "/said.txt";
  int refused = 0, status = 1;
  for (int files = 4; status != 0 && files < 100; ++files) {
    const std::string line = "ulimit -n " + std::to_string(files) + "; exec '" +
                             (programs() / "pcnn-run").string() + "' --resume '" + directory() +
                             "' train.epochs=3 > '" + said + "' 2>&1";
    status = std::system(("bash -c \"" + line + "\"").c_str());
    ASSERT_EQ(slurp(said).find("goes on from"), std::string::npos) << files << ": " << slurp(said);
    ASSERT_FALSE(fs::exists(path + ".damaged")) << files;
    if (slurp(said).find("checkpoint.safetensors: cannot be read: Too many open files\n") ==
        std::string::npos)
      continue;
    ++refused;
    EXPECT_EQ(slurp(path), bytes) << files;
    EXPECT_EQ(std::ranges::count(slurp(said), '\n'), 1) << slurp(said);
  }
  EXPECT_EQ(status, 0) << slurp(said);
  EXPECT_GT(refused, 0) << "or this has tested nothing";
  EXPECT_EQ(read_metrics(directory() + "/metrics.jsonl").size(), 3u);
}

TEST_F(Resume, ScoresTheBestParametersOrSaysWhyTheyCannotBeRead) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  fs::remove(directory() + "/results.json");  // as if it had been killed before it was scored
  const std::string best = directory() + "/best.safetensors";
  fs::rename(best, best + ".away");
  fs::create_directory(best);
  const std::string message = message_of({.resume = directory()});
  EXPECT_TRUE(message.starts_with(best + ": cannot be read: it is a directory")) << message;
  EXPECT_NE(message.find("once that is mended, go on with `pcnn-run --resume"), std::string::npos) << message;
  fs::remove(best);
  fs::rename(best + ".away", best);
  run({.resume = directory()});
  EXPECT_NE(slurp(directory() + "/results.json").find("lowest validation loss"), std::string::npos);
}

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
  ASSERT_EQ(read_metrics(directory() + "/metrics.jsonl").size(), 2u);
  EXPECT_EQ(read_metrics(directory() + "/metrics.jsonl").back().epoch, 2);
  fs::remove(directory() + "/results.json");
  run({.resume = directory()});  // to be scored alone: the line stays
  ASSERT_EQ(read_metrics(directory() + "/metrics.jsonl").size(), 2u);
  run({.resume = directory(), .overrides = {"train.epochs=3", "train.steps=null"}});
  const auto lines = read_metrics(directory() + "/metrics.jsonl"),
             whole = read_metrics(directory("whole") + "/metrics.jsonl");
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

TEST_F(Resume, RemovesHalfWrittenFilesAndNoOthers) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  for (const char* file :
       {"/checkpoint.safetensors.next.part123-0", "/checkpoint.safetensors.next", "/my.party"})
    std::ofstream(directory() + file) << "x";
  run({.resume = directory(), .overrides = {"train.epochs=2"}});
  EXPECT_FALSE(fs::exists(directory() + "/checkpoint.safetensors.next.part123-0"));
  EXPECT_FALSE(fs::exists(directory() + "/checkpoint.safetensors.next"));
  EXPECT_TRUE(fs::exists(directory() + "/my.party"));
}

TEST_F(Resume, ScoresTheLastParametersWhereTheBestAreDamaged) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  std::ofstream(directory() + "/best.safetensors") << "torn";
  fs::remove(directory() + "/results.json");  // as if it had been killed before it was scored
  run({.resume = directory()});
  EXPECT_NE(slurp(directory() + "/log.txt").find("only the last parameters are scored"), std::string::npos);
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

TEST_F(Resume, DropsALineOfMetricsThatWasCutShort) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  std::ofstream(directory() + "/metrics.jsonl", std::ios::app) << "{\"epoch\":3,\"st";
  run({.resume = directory(), .overrides = {"train.epochs=3"}});
  EXPECT_EQ(read_metrics(directory() + "/metrics.jsonl").size(), 3u);
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
      {{"train.seconds=0.001"},
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
  for (const WindowMetrics& window : read_windows(path)) {
    steps.push_back(window.step);
    EXPECT_GT(window.train_nats_per_dim, 0.0) << "not the line of before";
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{4, 8}));
}

TEST_F(Resume, RemovesHalfWrittenFilesOfAKilledRun) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  fs::create_directories(directory() + "/samples/more");
  const std::vector<std::string> leftovers{"/report.html.part12-0", "/checkpoint.safetensors.next",
                                           "/samples/epoch-0002.png.part12-0",
                                           "/samples/more/0000.png.part999999999-12"};
  const std::vector<std::string> others{"/samples/film.part1", "/samples/film.part1-a", "/a.partition1-0",
                                        "/samples/more/b.part-0"};
  for (const std::string& file : leftovers) std::ofstream(directory() + file) << "x";
  for (const std::string& file : others) std::ofstream(directory() + file) << "x";
  run({.resume = directory(), .overrides = {"train.epochs=2"}});
  for (const std::string& file : leftovers) EXPECT_FALSE(fs::exists(directory() + file)) << file;
  for (const std::string& file : others) EXPECT_TRUE(fs::exists(directory() + file)) << file;
  EXPECT_TRUE(fs::exists(directory() + "/samples/epoch-0001.png"));
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
  EXPECT_EQ(read_metrics(directory("whole") + "/metrics.jsonl").size(), 5u);
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
  EXPECT_EQ(read_metrics(directory() + "/metrics.jsonl").back().epoch, 7);
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

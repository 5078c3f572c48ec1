#include "engine/run/run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/run/metrics.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class Run : public TinyRun {};

TEST_F(Run, LeavesConfigLogMetricsParametersSamplesAndCurves) {
  run({.config = config()});
  for (const char* file :
       {"config.yaml", "log.txt", "metrics.jsonl", "checkpoint.safetensors", "best.safetensors",
        "results.json", "curves.svg", "samples/epoch-0001.png", "samples/epoch-0003.png"})
    EXPECT_TRUE(fs::exists(directory() + "/" + file)) << file;

  const std::vector<EpochMetrics> metrics = read_metrics_log(directory() + "/metrics.jsonl").epochs;
  ASSERT_EQ(metrics.size(), 3u);
  EXPECT_EQ(metrics[2].epoch, 3);
  EXPECT_EQ(metrics[2].step, 15);
  EXPECT_EQ(metrics[2].images, 3 * 39);
  EXPECT_LT(metrics[2].train_nats_per_dim, metrics[0].train_nats_per_dim);
  EXPECT_GT(metrics[2].grad_norm, 0.0);
  EXPECT_EQ(metrics[2].learning_rate, 0.001);

  const Image8 grid = read_png(directory() + "/samples/epoch-0003.png");
  EXPECT_EQ(grid.width, 2 * kWidth + 3 * 2);
  EXPECT_EQ(grid.height, 2 * kHeight + 3 * 2);

  const SafetensorsFile checkpoint = read_safetensors(directory() + "/checkpoint.safetensors");
  EXPECT_EQ(checkpoint.tensors.at("input.weight").shape, (std::vector<std::int64_t>{8, 1, 3, 3}));
  EXPECT_TRUE(checkpoint.tensors.contains("average.input.weight"));
  EXPECT_EQ(checkpoint.metadata.at("config"), slurp(directory() + "/config.yaml"));
  EXPECT_NE(slurp(directory() + "/results.json").find("\"precision\": \"f32\""), std::string::npos);
}

TEST_F(Run, RefusesAnExistingDirectoryAndSaysHowToGoOn) {
  run({.config = config()});
  const std::string before = slurp(directory() + "/checkpoint.safetensors");
  const std::string message = message_of({.config = config()});
  EXPECT_NE(message.find("pcnn-run --resume " + directory()), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(slurp(directory() + "/checkpoint.safetensors"), before);
}

TEST_F(Run, ResumedEndsInTheSameParametersAsUninterrupted) {
  run({.config = config()});
  run({.config = config(), .overrides = {"name=parts", "train.epochs=1"}});
  run({.resume = directory("parts"), .overrides = {"train.epochs=2", "threads=1"}});
  run({.resume = directory("parts") + "/", .overrides = {"train.epochs=3"}});
  const SafetensorsFile whole = read_safetensors(directory() + "/checkpoint.safetensors");
  const SafetensorsFile parts = read_safetensors(directory("parts") + "/checkpoint.safetensors");
  ASSERT_EQ(whole.tensors.size(), parts.tensors.size());
  for (const auto& [name, tensor] : whole.tensors)
    EXPECT_EQ(tensor.values, parts.tensors.at(name).values) << name;

  const auto one = read_metrics_log(directory() + "/metrics.jsonl").epochs,
             other = read_metrics_log(directory("parts") + "/metrics.jsonl").epochs;
  ASSERT_EQ(other.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(one[i].train_nats_per_dim, other[i].train_nats_per_dim);
    EXPECT_EQ(one[i].validation_nats_per_dim, other[i].validation_nats_per_dim);
  }
  EXPECT_EQ(slurp(directory() + "/results.json"), slurp(directory("parts") + "/results.json"));
}

TEST_F(Run, ResumedDropsMetricsWrittenAfterTheCheckpoint) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  append_metrics(directory() + "/metrics.jsonl", EpochMetrics{.epoch = 3, .step = 15});
  run({.resume = directory(), .overrides = {"train.epochs=3"}});
  EXPECT_EQ(read_metrics_log(directory() + "/metrics.jsonl").epochs.size(), 3u);
}

TEST_F(Run, KeepsTheConfigOfAResumedRun) {
  run({.config = config()});
  const std::string message = message_of({.resume = directory(), .overrides = {"train.batch=4"}});
  EXPECT_NE(message.find("train.batch=4"), std::string::npos) << message;
  EXPECT_NE(message_of({.resume = root_ + "/nowhere"}), "");
}

TEST_F(Run, WritesNothingForABadConfigOrADryRun) {
  write_config("tarin: {}\n");
  EXPECT_NE(message_of({.config = config()}).find("did you mean train?"), std::string::npos);
  write_config("");
  EXPECT_NE(message_of({.config = config(), .overrides = {"model.input.kernel=4"}}).find("odd"),
            std::string::npos);
  EXPECT_NE(message_of({.config = config(), .overrides = {"data.directory=/nowhere"}}), "");
  EXPECT_NE(message_of({.config = config(),
                        .overrides = {"sample.count=10000", "sample.columns=1", "sample.scale=32"}})
                .find("make a picture of 1940002 x"),
            std::string::npos)
      << "before the first epoch, not after it";
  run({.config = config(), .dry_run = true});
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
}

TEST_F(Run, TrainingOnTheTestSplitIsNotedInTheResults) {
  write_config("", "train_on: test");
  run({.config = config(), .overrides = {"train.epochs=1"}});
  EXPECT_NE(slurp(directory() + "/results.json").find("trained and validated on the test split"),
            std::string::npos);
  EXPECT_NE(slurp(directory() + "/log.txt").find("trained and validated on the test split"),
            std::string::npos);
}

TEST_F(Run, RefusesTestImagesOfTheTrainFileOrNotesThemInTheResults) {
  write_idx(root_ + "/data/t10k-images-idx3-ubyte", 9);
  EXPECT_NE(message_of({.config = config()}).find("9 of the 9 test images are also in the train file"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(root_ + "/runs"));
  run({.config = config(), .overrides = {"train.epochs=1", "data.allow_test_in_train=true"}});
  for (const char* file : {"/results.json", "/log.txt"})
    EXPECT_NE(slurp(directory() + file).find("9 of the 9 test images are also in the train file"),
              std::string::npos)
        << file;
}

TEST_F(Run, TrainsOnColouredImages) {
  run({.config = config(),
       .overrides = {"data.colour=true", "train.epochs=1", "model.input.filters=6", "model.blocks.filters=3",
                     "model.output.filters=3"}});
  EXPECT_EQ(read_png(directory() + "/samples/epoch-0001.png").channels, 3);
  EXPECT_NE(slurp(directory() + "/results.json").find("test split (coloured, seed 1), 9 images"),
            std::string::npos);
}

TEST_F(Run, ResumesWithTheShardSizeItsConfigNames) {
  run({.config = config(), .overrides = {"train.shard_images=3", "train.epochs=1"}});
  run({.resume = directory(), .overrides = {"train.epochs=2"}});
  const std::string log = slurp(directory() + "/log.txt");
  EXPECT_NE(log.find("resuming"), std::string::npos);
  EXPECT_NE(log.find("shards of 3", log.find("resuming")), std::string::npos) << log;
}

TEST_F(Run, EndsWhenItsStepsAreUsedUpInsideAnEpoch) {
  run({.config = config(), .overrides = {"train.epochs=null", "train.steps=7"}});
  const std::vector<EpochMetrics> metrics = read_metrics_log(directory() + "/metrics.jsonl").epochs;
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[1].step, 7);
}

}  // namespace
}  // namespace pcnn

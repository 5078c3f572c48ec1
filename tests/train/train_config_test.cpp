#include "engine/train/train_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/core/error.h"

namespace pcnn {
namespace {

TrainConfig read(const std::string& yaml) {
  const ConfigDocument document = ConfigDocument::from_string(yaml, "test.yaml");
  TrainConfig config = read_train_config(document.root().section("train"));
  document.reject_unread();
  return config;
}

// The message of the ConfigError the text must cause.
std::string error_of(const std::string& yaml) {
  try {
    (void)read(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(TrainConfig, DefaultsWhereNothingIsGiven) {
  const TrainConfig config = read("{}");
  EXPECT_EQ(config, TrainConfig{});
  EXPECT_EQ(config.optimiser.kind, OptimiserKind::kRmsprop);
  EXPECT_EQ(config.optimiser.learning_rate, 1e-3);
  EXPECT_EQ(config.batch, 64);
  EXPECT_EQ(config.epochs, 10);
  EXPECT_FALSE(config.shard_images || config.clip_norm || config.clip_value || config.steps ||
               config.seconds || config.average.enabled());
}

TEST(TrainConfig, ReadsEveryKeyOfEveryKind) {
  const TrainConfig adamw = read(R"(train:
  optimiser: adamw
  learning_rate: 0.0005
  beta1: 0.8
  beta2: 0.95
  epsilon: 1e-8
  weight_decay: 0.1
  clip_norm: 2
  input_noise: 0.003
  average: {decay: 0.999, warm_up: true}
  schedule: {kind: warmup_cosine, warmup_steps: 100, final_fraction: 0.05}
  batch: 32
  shard_images: 2
  epochs: 3
  steps: 1000
  seconds: 60.5
)");
  EXPECT_EQ(adamw.optimiser, (OptimiserConfig{.kind = OptimiserKind::kAdamW,
                                              .learning_rate = 0.0005,
                                              .epsilon = 1e-8,
                                              .beta1 = 0.8,
                                              .beta2 = 0.95,
                                              .weight_decay = 0.1}));
  EXPECT_EQ(
      adamw.schedule,
      (ScheduleConfig{.kind = ScheduleKind::kWarmupCosine, .warmup_steps = 100, .final_fraction = 0.05}));
  EXPECT_EQ(adamw.clip_norm, 2.0);
  EXPECT_EQ(adamw.input_noise, 0.003);
  EXPECT_EQ(adamw.average, (AverageConfig{.decay = 0.999, .warm_up = true}));
  EXPECT_EQ(adamw.batch, 32);
  EXPECT_EQ(adamw.shard_images, 2);
  EXPECT_EQ(adamw.epochs, 3);
  EXPECT_EQ(adamw.steps, 1000);
  EXPECT_EQ(adamw.seconds, 60.5);

  const TrainConfig sgd = read(R"(train:
  optimiser: sgd
  momentum: 0.9
  nesterov: true
  clip_value: 0.5
  schedule: {kind: step, every_epochs: 30, gamma: 0.2}
)");
  EXPECT_EQ(sgd.optimiser, (OptimiserConfig{.kind = OptimiserKind::kSgd, .momentum = 0.9, .nesterov = true}));
  EXPECT_EQ(sgd.schedule, (ScheduleConfig{.kind = ScheduleKind::kStep, .every_epochs = 30, .gamma = 0.2}));
  EXPECT_EQ(sgd.clip_value, 0.5);

  EXPECT_EQ(read("train: {optimiser: muon}").optimiser,
            (OptimiserConfig{
                .kind = OptimiserKind::kMuon, .learning_rate = 0.02, .momentum = 0.95, .nesterov = true}));
  EXPECT_FALSE(read("train: {optimiser: muon, momentum: 0}").optimiser.nesterov);
  const TrainConfig muon = read(R"(train:
  optimiser: muon
  learning_rate: 0.01
  adam_learning_rate: 0.003
  momentum: 0.9
  nesterov: false
  beta1: 0.8
  beta2: 0.95
  epsilon: 1e-8
  weight_decay: 0.1
)");
  EXPECT_EQ(muon.optimiser, (OptimiserConfig{.kind = OptimiserKind::kMuon,
                                             .learning_rate = 0.01,
                                             .epsilon = 1e-8,
                                             .momentum = 0.9,
                                             .beta1 = 0.8,
                                             .beta2 = 0.95,
                                             .weight_decay = 0.1,
                                             .adam_learning_rate = 0.003}));

  const TrainConfig rmsprop =
      read("train: {rho: 0.95, momentum: 0.5, epsilon: 1e-5, epsilon_under_root: true}");
  EXPECT_EQ(rmsprop.optimiser,
            (OptimiserConfig{.rho = 0.95, .epsilon = 1e-5, .epsilon_under_root = true, .momentum = 0.5}));
}

TEST(TrainConfig, ResolvedConfigReadsBackToTheSame) {
  for (const std::string yaml : {"{}", "train: {optimiser: muon}", "train: {optimiser: sgd, momentum: 0.5}",
                                 "train: {optimiser: adamw, steps: 7}",
                                 "train: {schedule: {kind: step, every_steps: 9}, average: {decay: 0.5}}"}) {
    const ConfigDocument document = ConfigDocument::from_string(yaml, "test.yaml");
    const TrainConfig config = read_train_config(document.root().section("train"));
    EXPECT_EQ(read(document.resolved_yaml()), config) << document.resolved_yaml();
  }
}

TEST(TrainConfig, RefusesAConstantTheOptimiserDoesNotUse) {
  EXPECT_EQ(error_of("train:\n  optimiser: adam\n  rho: 0.9\n"),
            "test.yaml:3:8: train.rho: has no effect while optimiser is adam");
  const auto refused = [](const std::string& optimiser, const std::string& key) {
    const std::string value = key == "nesterov" || key == "epsilon_under_root" ? "true" : "0.5";
    const std::string error = error_of("train: {optimiser: " + optimiser + ", " + key + ": " + value + "}");
    return error.ends_with("train." + key + ": has no effect while optimiser is " + optimiser);
  };
  for (const char* key : {"beta1", "beta2", "nesterov", "weight_decay"})
    EXPECT_TRUE(refused("rmsprop", key)) << key;
  for (const char* key : {"rho", "momentum", "nesterov", "weight_decay", "epsilon_under_root"})
    EXPECT_TRUE(refused("adam", key)) << key;
  for (const char* key : {"rho", "momentum", "nesterov"}) EXPECT_TRUE(refused("adamw", key)) << key;
  for (const char* key : {"rho", "beta1", "beta2", "epsilon", "epsilon_under_root", "weight_decay"})
    EXPECT_TRUE(refused("sgd", key)) << key;
  for (const char* key : {"rho", "epsilon_under_root"}) EXPECT_TRUE(refused("muon", key)) << key;
  for (const char* optimiser : {"rmsprop", "adam", "adamw", "sgd"})
    EXPECT_TRUE(refused(optimiser, "adam_learning_rate")) << optimiser;
}

TEST(TrainConfig, RefusesAScheduleKeyTheKindDoesNotUse) {
  EXPECT_TRUE(error_of("train: {schedule: {gamma: 0.5}}")
                  .ends_with("train.schedule.gamma: has no effect while kind is constant"));
  EXPECT_TRUE(error_of("train: {schedule: {kind: step, every_steps: 5, final_fraction: 0}}")
                  .ends_with("train.schedule.final_fraction: has no effect while kind is step"));
}

TEST(TrainConfig, StepScheduleNeedsOneInterval) {
  const std::string message = "train.schedule: step needs exactly one of every_epochs and every_steps";
  EXPECT_TRUE(error_of("train: {schedule: {kind: step}}").ends_with(message));
  EXPECT_TRUE(
      error_of("train: {schedule: {kind: step, every_epochs: 1, every_steps: 5}}").ends_with(message));
}

TEST(TrainConfig, CosineNeedsATotal) {
  const std::string cosine = "schedule: {kind: warmup_cosine}";
  EXPECT_TRUE(
      error_of("train: {seconds: 60, " + cosine + "}")
          .ends_with("train.schedule.kind: warmup_cosine must know where training ends: set train.epochs or "
                     "train.steps beside train.seconds"));
  for (const char* total : {"epochs: 5", "steps: 5", "seconds: 60, epochs: 5"}) {
    EXPECT_EQ(error_of("train: {" + std::string(total) + ", " + cosine + "}"), "no error");
  }
}

TEST(TrainConfig, TheFirstOfEpochsAndStepsIsTheTotal) {
  EXPECT_EQ(read("{}").total_steps(100), 1000);
  EXPECT_EQ(read("train: {epochs: 3, steps: 250}").total_steps(100), 250);
  EXPECT_EQ(read("train: {epochs: 3, steps: 350}").total_steps(100), 300);
  EXPECT_EQ(read("train: {steps: 5000}").total_steps(100),
            5000);  // another budget lifts the default of 10 epochs
  EXPECT_EQ(read("train: {epochs: null, seconds: 9}").total_steps(100), std::nullopt);
}

TEST(TrainConfig, ReportsAboutFiftyWindowsOfLosses) {
  const auto ends = [](const std::string& yaml, std::int64_t steps_per_epoch, std::int64_t steps) {
    const TrainConfig config = read(yaml);
    std::vector<std::int64_t> ends;
    for (std::int64_t step = 1; step <= steps; ++step)
      if (config.ends_window(step, steps_per_epoch)) ends.push_back(step);
    return ends;
  };
  EXPECT_EQ(ends("train: {epochs: 10}", 860, 8600).size(), 50u);
  EXPECT_EQ(ends("train: {epochs: 10}", 860, 8600).front(), 172);
  EXPECT_EQ(ends("train: {steps: 99}", 860, 99).size(), 99u) << "never more often than every step";
  EXPECT_EQ(ends("train: {report_every: 40}", 860, 100), (std::vector<std::int64_t>{40, 80}));
  // Without a known end, by the steps alone: 1 each at first, then ever longer ones.
  const auto unknown = ends("train: {seconds: 60}", 860, 100000);
  EXPECT_EQ(unknown[19], 20);
  EXPECT_EQ(unknown[20], 22);
  EXPECT_GT(unknown.size(), 50u);
  EXPECT_LT(unknown.size(), 200u);
  EXPECT_EQ(unknown, ends("train: {seconds: 60, epochs: 1000}", 860, 100000)) << "which may end long before";
}

TEST(TrainConfig, RefusesCombinationsThatMeanNothing) {
  EXPECT_TRUE(error_of("train: {clip_norm: 1, clip_value: 1}")
                  .ends_with("train.clip_value: cannot be combined with clip_norm"));
  EXPECT_NE(error_of("train: {optimiser: sgd, nesterov: true}").find("train.nesterov: "), std::string::npos);
  EXPECT_NE(error_of("train: {average: {warm_up: true}}").find("train.average.warm_up: "), std::string::npos);
}

TEST(TrainConfig, RefusesValuesOutOfRange) {
  for (const char* entry : {"learning_rate: 0",
                            "rho: 1",
                            "rho: -0.1",
                            "epsilon: 0",
                            "momentum: 1",
                            "batch: 0",
                            "shard_images: 0",
                            "shard_images: 17",
                            "epochs: 0",
                            "steps: 0",
                            "seconds: 0",
                            "patience: 0",
                            "report_every: 0",
                            "clip_norm: 0",
                            "clip_value: -1",
                            "input_noise: -0.1",
                            "input_noise: 0.6",
                            "average: {decay: 1}",
                            "schedule: {warmup_steps: -1}",
                            "optimiser: lion",
                            "schedule: {kind: linear}"}) {
    EXPECT_NE(error_of("train: {" + std::string(entry) + "}").find("accepted"), std::string::npos) << entry;
  }
}

}  // namespace
}  // namespace pcnn

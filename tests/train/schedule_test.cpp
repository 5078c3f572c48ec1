#include "engine/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pcnn {
namespace {

constexpr double kBase = 0.001;
constexpr std::int64_t kTotal = 1000;

double rate(const ScheduleConfig& config, std::int64_t step, std::int64_t steps_per_epoch = 100) {
  return learning_rate_at(config, kBase, step, kTotal, steps_per_epoch);
}

TEST(Schedule, ConstantIsTheBaseRateWithoutEnd) {
  EXPECT_EQ(rate({}, 0), kBase);
  EXPECT_EQ(rate({}, 10 * kTotal), kBase);
  EXPECT_EQ(learning_rate_at({}, kBase, 5, 0, 0), kBase);  // needs no totals
}

TEST(Schedule, WarmUpRisesInEqualStepsToTheBaseRateForEveryKind) {
  for (const ScheduleConfig& config :
       {ScheduleConfig{.kind = ScheduleKind::kConstant, .warmup_steps = 10},
        ScheduleConfig{.kind = ScheduleKind::kWarmupCosine, .warmup_steps = 10},
        ScheduleConfig{.kind = ScheduleKind::kStep, .warmup_steps = 10, .every_epochs = 3}}) {
    for (std::int64_t step = 0; step < 10; ++step) {
      EXPECT_DOUBLE_EQ(rate(config, step), kBase * static_cast<double>(step + 1) / 10.0);
    }
    EXPECT_DOUBLE_EQ(rate(config, 10), kBase);
  }
}

TEST(Schedule, CosineGoesFromBaseOverTheMiddleToTheFloorAndStaysThere) {
  const ScheduleConfig config{
      .kind = ScheduleKind::kWarmupCosine, .warmup_steps = 200, .final_fraction = 0.1};
  EXPECT_DOUBLE_EQ(rate(config, 200), kBase);
  EXPECT_DOUBLE_EQ(rate(config, 600), kBase * 0.55);
  EXPECT_DOUBLE_EQ(rate(config, 1000), kBase * 0.1);
  EXPECT_DOUBLE_EQ(rate(config, 1001), kBase * 0.1);
}

TEST(Schedule, CosineIsContinuousFallsMonotonouslyAndSpendsNoUpdateAtZero) {
  const ScheduleConfig config{.kind = ScheduleKind::kWarmupCosine, .warmup_steps = 200};
  // No jump exceeds the steepest slope of either part: warm-up's base / 200, cosine's base * pi / 2 / 800.
  for (std::int64_t step = 0; step < kTotal; ++step) {
    EXPECT_LE(std::abs(rate(config, step + 1) - rate(config, step)), kBase / 200 * (1 + 1e-9));
    EXPECT_GT(rate(config, step), 0.0);
    if (step >= 200) {
      EXPECT_LT(rate(config, step + 1), rate(config, step));
    }
  }
}

TEST(Schedule, CosineOfARunThatEndsInsideItsWarmUpNeverLeavesTheRamp) {
  const ScheduleConfig config{.kind = ScheduleKind::kWarmupCosine, .warmup_steps = 50};
  for (const std::int64_t total : {1, 49, 50}) {
    EXPECT_DOUBLE_EQ(learning_rate_at(config, kBase, total - 1, total, 10),
                     kBase * static_cast<double>(total) / 50.0);
  }
}

TEST(Schedule, StepFallsByGammaEveryIntervalOfEpochsOrSteps) {
  const ScheduleConfig epochs{.kind = ScheduleKind::kStep, .every_epochs = 2, .gamma = 0.5};
  EXPECT_DOUBLE_EQ(rate(epochs, 199), kBase);
  EXPECT_DOUBLE_EQ(rate(epochs, 200), kBase * 0.5);
  EXPECT_DOUBLE_EQ(rate(epochs, 999), kBase * 0.0625);
  const ScheduleConfig steps{.kind = ScheduleKind::kStep, .every_steps = 30, .gamma = 0.1};
  EXPECT_DOUBLE_EQ(rate(steps, 29), kBase);
  EXPECT_DOUBLE_EQ(rate(steps, 30), kBase * 0.1);
  EXPECT_DOUBLE_EQ(rate(steps, 90), kBase * 0.001);
}

}  // namespace
}  // namespace pcnn

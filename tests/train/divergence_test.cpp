#include "engine/train/divergence.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pcnn {
namespace {

constexpr LossReference kBinary{.guessing = 0.6931, .first = 0.7};
constexpr LossReference kBadStart{.guessing = 0.6931, .first = 3100.0};

TEST(Divergence, OfGuessingIsTheLogarithmOfTheLevelsUnderEveryHead) {
  EXPECT_DOUBLE_EQ(guessing_nats_per_dim(*make_output_head({})), std::log(2.0));
  for (const HeadKind kind : {HeadKind::kSoftmax, HeadKind::kLogisticMixture})
    EXPECT_DOUBLE_EQ(guessing_nats_per_dim(*make_output_head({.kind = kind, .levels = 256})),
                     std::log(256.0));
}

TEST(Divergence, IsALossFarAboveGuessingAndTheFirstBatch) {
  EXPECT_FALSE(is_diverged(0.08, kBinary));
  EXPECT_FALSE(is_diverged(26.0, kBinary)) << "a spike from which training may come back";
  EXPECT_TRUE(is_diverged(71.0, kBinary));
  EXPECT_TRUE(is_diverged(4.6e12, kBinary));
  EXPECT_FALSE(is_diverged(3000.0, kBadStart)) << "it only started badly";
  EXPECT_TRUE(is_diverged(4.6e12, kBadStart));
  for (const double none : {double{NAN}, double{INFINITY}}) {
    EXPECT_TRUE(is_diverged(none, kBinary));
    EXPECT_TRUE(is_diverged(none, {.guessing = 0.6931, .first = none}));
  }
}

TEST(Divergence, IsAnEndOfTrainingThatLearnedNothing) {
  EXPECT_EQ(
      why_fruitless({.lowest = 15.29, .epochs_since_lowest = 0, .is_last = true}, kBinary),
      "the lowest validation loss is 15.29 nats/dim, where guessing has 0.6931, and training ends here");
  EXPECT_EQ(why_fruitless({.lowest = 1.5, .epochs_since_lowest = 9, .is_last = true}, kBinary), "")
      << "a poor model is one";
  EXPECT_EQ(why_fruitless({.lowest = 0.1, .epochs_since_lowest = 99, .is_last = true}, kBinary), "");
  EXPECT_EQ(why_fruitless({.lowest = 13.7, .epochs_since_lowest = 0, .is_last = true}, kBadStart), "")
      << "far better than it began";
  EXPECT_EQ(why_fruitless({.lowest = 2900.0, .epochs_since_lowest = 0, .is_last = true}, kBadStart),
            "the lowest validation loss is 2900 nats/dim, where guessing has 0.6931 and the first batch had "
            "3100, and training ends here");
}

TEST(Divergence, GivesTrainingThatStartsBadlySomeEpochsToImprove) {
  EXPECT_EQ(why_fruitless({.lowest = 15.29, .epochs_since_lowest = 0}, kBinary), "");
  EXPECT_EQ(why_fruitless({.lowest = 15.29, .epochs_since_lowest = 2}, kBinary), "");
  EXPECT_EQ(
      why_fruitless({.lowest = 15.29, .epochs_since_lowest = 3}, {.guessing = 0.6931}),
      "the lowest validation loss is 15.29 nats/dim, where guessing has 0.6931, and the last 3 epochs did "
      "not lower it");
}

TEST(Divergence, NamesStepAndLearningRate) {
  EXPECT_STREQ(DivergenceError(12, 1000.0, "the loss is not finite").what(),
               "step 12, learning rate 1000: training diverged: the loss is not finite (a lower "
               "train.learning_rate or train.clip_norm may help)");
  EXPECT_STREQ(DivergenceError(12, 1000.0, "the loss is not finite", OptimiserKind::kMuon).what(),
               "step 12, learning rate 1000: training diverged: the loss is not finite (a lower "
               "train.learning_rate or train.adam_learning_rate may help)");
  EXPECT_STREQ(DivergenceError(1, std::nullopt, "the loss is not finite").what(),
               "step 1: training diverged before its first step: the loss is not finite (another "
               "model.initialisation may help)");
  EXPECT_STREQ(DivergenceError(12, 0.0, "the loss is not finite").what(),
               "step 12, learning rate 0: training diverged: the loss is not finite (a lower "
               "train.learning_rate or train.clip_norm may help)")
      << "a schedule may end at 0";
}

}  // namespace
}  // namespace pcnn

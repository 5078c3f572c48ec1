#include "engine/run/spent_budget.h"

#include <gtest/gtest.h>

namespace pcnn {
namespace {

// Of epochs of five steps.
std::string reason(const TrainConfig& config, std::int64_t step, double seconds = 0.0,
                   std::optional<std::int64_t> best_epoch = {}) {
  const auto spent = spent_budget(config, {.step = step, .seconds = seconds}, 5, best_epoch);
  return spent ? spent->reason + "; " + spent->raised : "";
}

TEST(SpentBudget, IsTheFirstThatIsUsedUp) {
  const TrainConfig config{.epochs = 3, .steps = 12, .seconds = 2.5};
  EXPECT_EQ(reason(config, 11), "");
  EXPECT_EQ(reason(config, 12), "train.steps=12 is reached; train.steps=24");
  EXPECT_EQ(reason({.epochs = 3, .steps = 20}, 15), "train.epochs=3 is reached; train.epochs=6");
  EXPECT_EQ(reason(config, 11, 2.5), "train.seconds=2.5 is reached; train.seconds=5");
}

// What is said must go on, not end in the next budget, or the same.
TEST(SpentBudget, IsRaisedBeyondWhereTrainingStandsAndWithAllOthersThatAreSpent) {
  EXPECT_EQ(reason({.epochs = 3, .steps = 15}, 15),
            "train.steps=15 is reached; train.steps=30 train.epochs=6");
  EXPECT_EQ(reason({.epochs = 2}, 50), "train.epochs=2 is reached; train.epochs=20");
  EXPECT_EQ(reason({.epochs = {}, .steps = 3}, 50), "train.steps=3 is reached; train.steps=100");
  EXPECT_EQ(reason({.epochs = {}, .seconds = 0.5}, 50, 7.25),
            "train.seconds=0.5 is reached; train.seconds=16");
  EXPECT_EQ(reason({.epochs = 100, .patience = 1}, 35, 0.0, 2),
            "train.patience=1: no better validation loss since epoch 2; train.patience=10");
}

TEST(SpentBudget, IsPatienceWhereNoEpochGetsBetter) {
  const TrainConfig config{.epochs = 100, .patience = 2};
  EXPECT_EQ(reason(config, 0), "");
  EXPECT_EQ(reason(config, 30, 0.0, 5), "");
  EXPECT_EQ(reason(config, 35, 0.0, 5),
            "train.patience=2: no better validation loss since epoch 5; train.patience=4");
  EXPECT_EQ(reason(config, 38, 0.0, 5), "") << "inside an epoch, of a run that goes on";
}

}  // namespace
}  // namespace pcnn

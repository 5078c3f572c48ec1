#include "engine/sweep/leaderboard.h"

#include <gtest/gtest.h>

#include "engine/sweep/parameter_picture.h"

namespace pcnn {
namespace {

using Texts = std::vector<std::string>;

SweepPlan plan_of(std::vector<SweptParameter> parameters) {
  SweepPlan plan;
  plan.sweep.parameters = std::move(parameters);
  return plan;
}

Trial trial_of(int number, Assignment values, TrialState state, std::optional<double> best) {
  Trial trial{.number = number, .values = std::move(values), .state = state};
  if (best) trial.progress = {.epochs = 2, .best = best, .best_epoch = 1, .seconds = 65.0};
  return trial;
}

const SweepPlan kPlan =
    plan_of({{"train.batch", {"8", "16"}, {}}, {"model.activation", {"relu", "elu"}, {}}});
const std::vector<Trial> kTrials{trial_of(1, {"8", "relu"}, TrialState::kDone, 0.2),
                                 trial_of(2, {"8", "elu"}, TrialState::kFailed, 0.01),
                                 trial_of(3, {"16", "relu"}, TrialState::kWaiting, {}),
                                 trial_of(4, {"16", "elu"}, TrialState::kStopped, 0.1)};

TEST(Leaderboard, PutsTheBestFirstAndTheFailedLast) {
  const auto numbers = [](const Objective& objective) {
    std::vector<int> order;
    for (const Trial* trial : ranked(kTrials, objective)) order.push_back(trial->number);
    return order;
  };
  EXPECT_EQ(numbers({}), (std::vector<int>{4, 1, 3, 2}));
  EXPECT_EQ(numbers({.goal = Goal::kMaximise}), (std::vector<int>{1, 4, 3, 2}));
  EXPECT_EQ(best_of(kTrials, {})->number, 4);
  EXPECT_EQ(best_of({kTrials[1], kTrials[2]}, {}), nullptr);
}

TEST(Leaderboard, IsATable) {
  EXPECT_EQ(trial_table(ranked(kTrials, {}), kPlan),
            "trial  state    validation nats/dim  at epoch  epochs  time  test nats/dim  batch  activation\n"
            "4      stopped  0.1000               1         2       1:05  -              16     elu\n"
            "1      done     0.2000               1         2       1:05  -              8      relu\n"
            "3      waiting  -                    -         -       -     -              16     relu\n"
            "2      failed   0.0100               1         2       1:05  -              8      elu\n");
  EXPECT_EQ(count_text(kTrials), "4 trials: 1 done, 1 stopped early, 1 failed, 1 waiting");
}

TEST(Leaderboard, NamesParametersByTheirEndsWhereTheseDiffer) {
  EXPECT_EQ(short_names({{"train.batch", {}, {}}, {"seed", {}, {}}}), (Texts{"batch", "seed"}));
  EXPECT_EQ(short_names({{"model.input.filters", {}, {}}, {"model.output.filters", {}, {}}}),
            (Texts{"input.filters", "output.filters"}));
  EXPECT_EQ(short_names({{"model.blocks.0.repeat", {}, {}}, {"model.blocks.1.repeat", {}, {}}}),
            (Texts{"0.repeat", "1.repeat"}));
  EXPECT_EQ(short_names({{"data.seed", {}, {}}, {"seed", {}, {}}}), (Texts{"data.seed", "seed"}));
}

TEST(ResultsCsv, QuotesWhatHasCommas) {
  Trial trial = trial_of(1, {"[8, 8]", "say \"a\""}, TrialState::kFailed, {});
  trial.error = "two\nlines";
  const SweepPlan plan = plan_of({{"model.output.filters", {}, {}}, {"name_of", {}, {}}});
  EXPECT_EQ(results_csv({trial}, plan, {"runs", "s"}),
            "trial,state,model.output.filters,name_of,validation_nats_per_dim,at_epoch,epochs,seconds,images_"
            "per_second,"
            "test_nats_per_dim,directory,error\n"
            "1,failed,\"[8, 8]\",\"say \"\"a\"\"\",,,0,,,,runs/s/trial-1,\"two\nlines\"\n");
}

TEST(ParameterPicture, HasAChartForEachParameterAndMarksTheBest) {
  const std::string svg = parameter_picture_svg("<s>", kTrials, kPlan);
  for (const char* text : {">&lt;s&gt;<", ">train.batch<", ">model.activation<", ">8<", ">16<", ">relu<",
                           ">elu<", "best: trial 4, 0.1000"})
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  std::size_t rings = 0;
  for (std::size_t at = svg.find("r=\"7\""); at != std::string::npos; at = svg.find("r=\"7\"", at + 1))
    ++rings;
  EXPECT_EQ(rings, 2u) << "in either chart";
}

TEST(ParameterPicture, KeepsTheBetterHalfLarge) {
  std::vector<Trial> trials;
  for (const double value : {0.10, 0.11, 0.12, 0.13, 90.0})
    trials.push_back(trial_of(static_cast<int>(trials.size()) + 1, {"8", "relu"}, TrialState::kDone, value));
  const std::string svg = parameter_picture_svg("s", trials, kPlan);
  EXPECT_NE(svg.find("<path d=\"M"), std::string::npos) << "90 stands at the edge";
  EXPECT_EQ(svg.find(">80<"), std::string::npos) << "and not on the scale";
}

TEST(ParameterPicture, WithoutAnyValueSaysSo) {
  EXPECT_NE(parameter_picture_svg("s", {kTrials[2]}, kPlan).find("no trial has a value yet"),
            std::string::npos);
}

}  // namespace
}  // namespace pcnn

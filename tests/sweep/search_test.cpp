#include "engine/sweep/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

using Texts = std::vector<std::string>;

SweepConfig random_search(std::int64_t trials, std::vector<SweptParameter> parameters,
                          std::uint64_t seed = 1) {
  return {
      .method = SearchMethod::kRandom, .trials = trials, .seed = seed, .parameters = std::move(parameters)};
}

SweptParameter range(ParameterRange range) {
  return {.path = "p", .values = {}, .range = range};
}

TEST(GridSearch, TakesEveryCombinationTheLastFastest) {
  EXPECT_EQ(
      assignments({.parameters = {{"a", {"1", "2"}, {}}, {"b", {"x", "y", "z"}, {}}}}),
      (std::vector<Assignment>{{"1", "x"}, {"1", "y"}, {"1", "z"}, {"2", "x"}, {"2", "y"}, {"2", "z"}}));
}

TEST(GridSearch, CountsRangesFromEndToEnd) {
  const auto values = [](const ParameterRange& over) {
    Texts texts;
    for (const Assignment& assignment : assignments({.parameters = {range(over)}}))
      texts.push_back(assignment[0]);
    return texts;
  };
  EXPECT_EQ(values({.min = 1, .max = 4, .whole = true}), (Texts{"1", "2", "3", "4"}));
  EXPECT_EQ(values({.min = 0.1, .max = 0.3, .count = 3}), (Texts{"0.1", "0.2", "0.3"}));
  EXPECT_EQ(values({.min = 1e-4, .max = 0.1, .log = true, .count = 4}),
            (Texts{"0.0001", "0.001", "0.01", "0.1"}));
  EXPECT_EQ(values({.min = 1, .max = 64, .log = true, .whole = true, .count = 4}),
            (Texts{"1", "4", "16", "64"}));
  EXPECT_EQ(values({.min = 1, .max = 3, .whole = true, .count = 9}), (Texts{"1", "2", "3"})) << "each once";
}

TEST(GridSearch, RefusesMoreThanItCanRun) {
  const SweptParameter many = range({.min = 1, .max = 200, .whole = true});
  EXPECT_EQ(
      config_error([&] {
        (void)assignments({.parameters = {many, many}});
      }),
      "sweep.parameters: the grid has more than 10,000 combinations; take fewer values, or method: random");
}

TEST(RandomSearch, DrawsTheSameForASeedAndMoreTrialsBeginWithFewer) {
  const std::vector<SweptParameter> parameters{{"a", {"x", "y"}, {}}, range({.min = 0.1, .max = 2.0})};
  const auto few = assignments(random_search(5, parameters)),
             many = assignments(random_search(20, parameters));
  ASSERT_EQ(few.size(), 5u);
  ASSERT_EQ(many.size(), 20u);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_NE(assignments(random_search(5, parameters, 2)), few);
}

TEST(RandomSearch, CoversRangesEvenly) {
  constexpr int kTrials = 4000;
  // The median of a range, and of the logarithm of one: half of the draws are below, within five sigma.
  for (const bool log : {false, true}) {
    const ParameterRange over{.min = 0.001, .max = 1.0, .log = log};
    const double middle = log ? std::sqrt(0.001) : 0.5005;
    int below = 0;
    for (const Assignment& assignment : assignments(random_search(kTrials, {range(over)}))) {
      const double value = std::stod(assignment[0]);
      EXPECT_GE(value, over.min);
      EXPECT_LE(value, over.max);
      below += value < middle;
    }
    // Draws that round to an earlier one are made anew, so the count may be short of kTrials.
    const auto count = static_cast<double>(assignments(random_search(kTrials, {range(over)})).size());
    EXPECT_NEAR(below, count / 2, 5 * std::sqrt(count) / 2) << log;
  }
}

TEST(RandomSearch, DrawsTheEndsOfWholeRangesAsOftenAsOthers) {
  // Beside a second parameter that makes every draw a new one.
  std::map<std::string, int> counts;
  for (const Assignment& assignment : assignments(
           random_search(4000, {range({.min = 1, .max = 4, .whole = true}), range({.min = 0, .max = 1})})))
    ++counts[assignment[0]];
  ASSERT_EQ(counts.size(), 4u);
  for (const auto& [value, count] : counts)
    EXPECT_NEAR(count, 1000, 5 * std::sqrt(4000 * 0.25 * 0.75)) << value;
}

TEST(RandomSearch, DrawsNothingTwice) {
  const auto all = assignments(random_search(50, {{"a", {"1", "2", "3"}, {}}, {"b", {"x", "y"}, {}}}));
  EXPECT_EQ(all.size(), 6u) << "as many as there are";
  EXPECT_EQ(std::set<Assignment>(all.begin(), all.end()).size(), all.size());
}

}  // namespace
}  // namespace pcnn

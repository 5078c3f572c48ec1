#include "engine/sweep/successive_halving.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace pcnn {
namespace {

TEST(SuccessiveHalving, HasRungsAtPowersBelowTheEnd) {
  const SuccessiveHalving halving({.grace = 2, .reduction_factor = 3}, 54, {});
  for (const int epoch : {2, 6, 18}) EXPECT_TRUE(halving.is_rung(epoch)) << epoch;
  for (const int epoch : {1, 3, 9, 54, 162}) EXPECT_FALSE(halving.is_rung(epoch)) << epoch;
}

TEST(SuccessiveHalving, KeepsTheBestThirdOfThoseThatCame) {
  SuccessiveHalving halving({.grace = 1, .reduction_factor = 3}, 10, {});
  EXPECT_TRUE(halving.goes_on(1, 0.5)) << "the first";
  EXPECT_FALSE(halving.goes_on(1, 0.6)) << "second of two";
  EXPECT_TRUE(halving.goes_on(1, 0.4)) << "best of three";
  EXPECT_TRUE(halving.goes_on(1, 0.45)) << "second of four, of which two go on";
  EXPECT_FALSE(halving.goes_on(1, 0.5)) << "third of five";
  EXPECT_TRUE(halving.goes_on(3, 0.9)) << "each rung by itself";
}

TEST(SuccessiveHalving, FollowsTheGoal) {
  SuccessiveHalving halving({.grace = 1, .reduction_factor = 2}, 10,
                            {.metric = Metric::kImagesPerSecond, .goal = Goal::kMaximise});
  EXPECT_TRUE(halving.goes_on(1, 100));
  EXPECT_FALSE(halving.goes_on(1, 90));
  EXPECT_TRUE(halving.goes_on(1, 110));
}

TEST(SuccessiveHalving, ManyEpochsAreNoTrouble) {
  const SuccessiveHalving halving({.grace = 1, .reduction_factor = 100}, std::int64_t{1} << 62, {});
  std::int64_t rung = 1;
  for (int power = 0; power <= 9; ++power, rung *= 100) {  // 100^9 is the last below 2^62
    EXPECT_TRUE(halving.is_rung(rung)) << rung;
    EXPECT_FALSE(halving.is_rung(rung + 1)) << rung;
  }
  EXPECT_FALSE(halving.is_rung(std::int64_t{1} << 62)) << "the end";
}

}  // namespace
}  // namespace pcnn

#include "engine/compile/arena_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/random.h"

namespace pcnn {
namespace {

bool alive_at(const TensorLife& life, int step) {
  return life.first_step <= step && step <= life.last_step;
}

std::size_t rounded_up(std::size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

// Sizes from nothing to a few pages, lives from one step to all of them.
std::vector<TensorLife> random_lives(testing::Random& random, int steps) {
  std::vector<TensorLife> lives;
  for (int count = random.between(0, 40); count > 0; --count) {
    const int first = random.between(0, steps - 1);
    const int last = std::min(steps - 1, first + random.between(0, random.between(0, steps)));
    const int bytes = random.between(0, 9) == 0 ? 0 : random.between(1, random.between(1, 9000));
    lives.push_back({static_cast<std::size_t>(bytes), first, last});
  }
  return lives;
}

// Checks what every plan promises.
void check(const std::vector<TensorLife>& lives, const ArenaPlan& plan, int steps) {
  ASSERT_EQ(plan.offsets.size(), lives.size());
  std::size_t all = 0, peak = 0;
  for (std::size_t i = 0; i < lives.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % kArenaAlignment, 0u);
    EXPECT_LE(plan.offsets[i] + lives[i].bytes, plan.bytes);
    all += rounded_up(lives[i].bytes);
  }
  for (int step = 0; step < steps; ++step) {
    std::vector<std::pair<std::size_t, std::size_t>> alive;  // begin, end
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < lives.size(); ++i) {
      if (!alive_at(lives[i], step) || lives[i].bytes == 0) continue;
      alive.emplace_back(plan.offsets[i], plan.offsets[i] + lives[i].bytes);
      bytes += lives[i].bytes;
    }
    std::ranges::sort(alive);
    for (std::size_t i = 1; i < alive.size(); ++i)
      ASSERT_LE(alive[i - 1].second, alive[i].first) << "two tensors share bytes in step " << step;
    peak = std::max(peak, bytes);
  }
  EXPECT_LE(plan.bytes, all);
  EXPECT_GE(plan.bytes, peak);
}

TEST(ArenaPlan, NeverLetsTensorsAliveTogetherShareBytes) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    testing::Random random(seed);
    const int steps = random.between(1, 30);
    const std::vector<TensorLife> lives = random_lives(random, steps);
    check(lives, plan_arena(lives), steps);
  }
}

// A chain of layers, each alive while the next is made, needs two buffers however long it is.
TEST(ArenaPlan, ReusesMemoryOfDeadTensors) {
  std::vector<TensorLife> lives;
  for (int layer = 0; layer < 20; ++layer) lives.push_back({1000, layer, layer + 1});
  const ArenaPlan plan = plan_arena(lives);
  check(lives, plan, 21);
  EXPECT_EQ(plan.bytes, 2 * rounded_up(1000));
}

TEST(ArenaPlan, FillsTheGapBetweenTwoLiveTensors) {
  const std::vector<TensorLife> lives{{640, 0, 1}, {512, 0, 3}, {384, 2, 3}, {256, 2, 3}};
  const ArenaPlan plan = plan_arena(lives);
  check(lives, plan, 4);
  EXPECT_EQ(plan.bytes, 640u + 512u) << "the last two fit where the first was";
}

TEST(ArenaPlan, GivesDisjointBytesToTensorsThatMeetInOneStep) {
  const std::vector<TensorLife> lives{{64, 0, 5}, {64, 5, 9}};
  EXPECT_EQ(plan_arena(lives).bytes, 128u);
  const std::vector<TensorLife> apart{{64, 0, 4}, {64, 5, 9}};
  EXPECT_EQ(plan_arena(apart).bytes, 64u);
}

TEST(ArenaPlan, OfNothingIsEmpty) {
  const ArenaPlan plan = plan_arena({});
  EXPECT_EQ(plan.bytes, 0u);
  EXPECT_TRUE(plan.offsets.empty());
}

}  // namespace
}  // namespace pcnn

#include "engine/ranks/slow_ranks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace pcnn {
namespace {

using std::chrono::milliseconds;

class SlowRanksTest : public ::testing::Test {
 protected:
  // Waits so long for the rank.
  void wait(std::size_t rank, milliseconds time) {
    SlowRanks::Wait wait(ranks_);
    const auto end = SlowRanks::Clock::now() + time;
    while (SlowRanks::Clock::now() < end) {
      if (wait.is_long()) wait.name(rank);
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  std::vector<std::string> lines_;
  SlowRanks ranks_{{"rank 0", "rank 1 on b", "rank 2 on c"},
                   [&](const std::string& line) { lines_.push_back(line); },
                   milliseconds(100)};
};

TEST_F(SlowRanksTest, AreNamedOnceInAWaitAndWhenTheyAnswer) {
  wait(1, milliseconds(2));
  EXPECT_EQ(lines_.size(), 0u);
  wait(1, milliseconds(150));
  EXPECT_EQ(lines_, (std::vector<std::string>{"waiting for rank 1 on b, which has not answered for 0 s",
                                              "rank 1 on b has answered after 0 s"}));
}

TEST_F(SlowRanksTest, AreNamedAgainWhereTheyTakeTwiceAsLong) {
  wait(1, milliseconds(120));
  lines_.clear();
  wait(1, milliseconds(150));
  EXPECT_EQ(lines_.size(), 0u) << lines_.front();
  wait(2, milliseconds(120));
  EXPECT_EQ(lines_.size(), 2u) << "another rank";
  lines_.clear();
  wait(1, milliseconds(700));
  EXPECT_EQ(lines_.size(), 2u);
}

}  // namespace
}  // namespace pcnn

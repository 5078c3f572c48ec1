#include "engine/sweep/trial_claims.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

using Numbers = std::vector<int>;

class TrialClaimsTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.file("trials.lock");
};

TEST_F(TrialClaimsTest, GiveEachTrialToOne) {
  TrialClaims one(path_), other(path_);
  EXPECT_TRUE(one.take(3));
  EXPECT_FALSE(other.take(3));
  EXPECT_TRUE(other.take(2));
  EXPECT_TRUE(one.take(7));
  EXPECT_TRUE(one.take(8));
  EXPECT_EQ(other.taken_elsewhere(10), (Numbers{3, 7, 8}));
  EXPECT_EQ(other.taken_elsewhere(7), (Numbers{3, 7}));
  EXPECT_EQ(one.taken_elsewhere(10), (Numbers{2}));
  one.give_back(3);
  EXPECT_FALSE(one.has(3));
  EXPECT_EQ(other.taken_elsewhere(10), (Numbers{7, 8}));
  EXPECT_TRUE(other.take(3));
}

TEST_F(TrialClaimsTest, AreGivenBackByWhoeverEndsAndByNobodyElse) {
  TrialClaims one(path_);
  EXPECT_FALSE(one.has_others());
  std::optional<TrialClaims> other(std::in_place, path_);
  ASSERT_TRUE(other->take(1));
  EXPECT_TRUE(one.has_others());
  // The trap of POSIX locks: any descriptor of the file that is closed would drop them.
  std::ofstream(path_, std::ios::app) << "";
  { const TrialClaims third(path_); }
  EXPECT_FALSE(one.take(1));
  other.reset();
  EXPECT_TRUE(one.take(1));
  EXPECT_FALSE(one.has_others());
}

TEST_F(TrialClaimsTest, LetOneHaveTheTurnAtATime) {
  std::atomic<int> at_it = 0, most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      TrialClaims claims(path_);
      for (int n = 0; n < 50; ++n) {
        const TrialClaims::Turn turn = claims.wait_for_turn();
        most = std::max<int>(most, ++at_it);
        std::this_thread::yield();
        --at_it;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace pcnn

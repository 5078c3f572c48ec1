// Cores of processes that compute beside each other on one machine.

#include <gtest/gtest.h>
#include <sched.h>

#include <initializer_list>
#include <limits>
#include <vector>

#include "engine/core/thread_limit.h"

namespace pcnn {
namespace {

cpu_set_t mask(std::initializer_list<int> cores) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  for (const int core : cores) CPU_SET(core, &mask);
  return mask;
}

std::vector<int> shares(const std::vector<cpu_set_t>& masks) {
  std::vector<int> shares;
  for (std::size_t i = 0; i < masks.size(); ++i) shares.push_back(share_of_cores(masks, i));
  return shares;
}

using Shares = std::vector<int>;

TEST(CoreShare, OfProcessesThatAreNotBoundIsTheSameToOne) {
  const cpu_set_t all = mask({0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(shares({mask({0, 1}), mask({0, 1})}), (Shares{1, 1}));
  EXPECT_EQ(shares({all, all, all}), (Shares{3, 3, 2}));
  EXPECT_EQ(shares({all}), (Shares{8}));
}

TEST(CoreShare, OfProcessesThatAreBoundIsTheirBinding) {
  EXPECT_EQ(shares({mask({0}), mask({1})}), (Shares{1, 1}));
  EXPECT_EQ(shares({mask({0, 1, 2}), mask({3})}), (Shares{3, 1}));
  // Two of each of two sockets.
  const cpu_set_t first = mask({0, 1, 2, 3}), second = mask({4, 5, 6, 7});
  EXPECT_EQ(shares({first, second, first, second}), (Shares{2, 2, 2, 2}));
}

TEST(CoreShare, IsOneCoreAtLeast) {
  EXPECT_EQ(shares({mask({0, 1}), mask({0, 1}), mask({0, 1})}), (Shares{1, 1, 1}));
  EXPECT_EQ(shares({mask({}), mask({0})}), (Shares{1, 1}));
}

TEST(CoreShare, CutsCoresAndTheQuota) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  constexpr CoreShare kAlone{.cores = std::numeric_limits<int>::max()};
  EXPECT_EQ(shared_cores(8, kNone), 8);
  EXPECT_EQ(shared_cores(8, 3.0), 3);
  set_core_share({.cores = 4, .processes = 2});
  EXPECT_EQ(shared_cores(8, kNone), 4);
  EXPECT_EQ(shared_cores(2, kNone), 2);
  EXPECT_EQ(shared_cores(8, 6.0), 3);
  EXPECT_EQ(shared_cores(8, 1.0), 1);
  set_core_share(kAlone);
}

}  // namespace
}  // namespace pcnn

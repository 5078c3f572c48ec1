#include "engine/data/batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace pcnn {
namespace {

std::vector<int> sorted(std::vector<int> order) {
  std::ranges::sort(order);
  return order;
}

TEST(EpochOrder, IsAPermutation) {
  for (const int count : {1, 2, 3, 64, 55000}) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(sorted(epoch_order(count, 1, 0)), all);
  }
  EXPECT_TRUE(epoch_order(0, 1, 0).empty());
}

TEST(EpochOrder, IsAPureFunctionOfItsArguments) {
  EXPECT_EQ(epoch_order(1000, 5, 3), epoch_order(1000, 5, 3));
  EXPECT_NE(epoch_order(1000, 5, 3), epoch_order(1000, 5, 4));
  EXPECT_NE(epoch_order(1000, 5, 3), epoch_order(1000, 6, 3));
}

// From a second implementation of Philox and of the shuffle: another compiler, machine or release must give
// the same order, or old runs cannot be repeated.
TEST(EpochOrder, IsTheSameEverywhere) {
  EXPECT_EQ(epoch_order(10, 1, 0), (std::vector<int>{2, 8, 4, 5, 6, 1, 7, 0, 3, 9}));
  EXPECT_EQ(epoch_order(10, 1, 1), (std::vector<int>{7, 8, 5, 9, 0, 2, 1, 6, 3, 4}));
  EXPECT_EQ(epoch_order(10, 2, 0), (std::vector<int>{4, 8, 5, 7, 0, 9, 1, 3, 6, 2}));
}

// Chi-square over the (value, position) table. Its rows and columns have fixed sums, so it has (n-1)^2
// degrees of freedom; five standard deviations above the mean is a chance of less than 1e-5, and the seed is
// fixed.
TEST(EpochOrder, PutsEveryImageAtEveryPositionEquallyOften) {
  constexpr int kCount = 12, kEpochs = 24000;
  std::vector<double> seen(kCount * kCount, 0.0);
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    const std::vector<int> order = epoch_order(kCount, 99, epoch);
    for (std::size_t position = 0; position < kCount; ++position)
      seen[position * kCount + static_cast<std::size_t>(order[position])] += 1.0;
  }
  const double expected = static_cast<double>(kEpochs) / kCount;
  double chi_square = 0.0;
  for (const double count : seen) chi_square += (count - expected) * (count - expected) / expected;
  const double freedom = (kCount - 1) * (kCount - 1);
  EXPECT_LT(chi_square, freedom + 5.0 * std::sqrt(2.0 * freedom));
  EXPECT_GT(chi_square, freedom - 5.0 * std::sqrt(2.0 * freedom));  // nor suspiciously even
}

// All 24 orders of four images, so that a bias between positions shows too.
TEST(EpochOrder, GivesEveryOrderEquallyOften) {
  constexpr int kEpochs = 24000;
  std::vector<std::vector<int>> seen;
  for (int epoch = 0; epoch < kEpochs; ++epoch) seen.push_back(epoch_order(4, 7, epoch));
  std::ranges::sort(seen);
  double chi_square = 0.0;
  int orders = 0;
  for (auto first = seen.begin(); first != seen.end(); ++orders) {
    const auto last = std::upper_bound(first, seen.end(), *first);
    const double difference = static_cast<double>(last - first) - kEpochs / 24.0;
    chi_square += difference * difference / (kEpochs / 24.0);
    first = last;
  }
  EXPECT_EQ(orders, 24);
  EXPECT_LT(chi_square, 23.0 + 5.0 * std::sqrt(2.0 * 23.0));
}

}  // namespace
}  // namespace pcnn

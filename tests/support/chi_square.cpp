#include "tests/support/chi_square.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace pcnn::testing {

void expect_counts_follow(std::span<const int> counts, std::span<const double> probabilities) {
  ASSERT_EQ(counts.size(), probabilities.size());
  const double samples = std::accumulate(counts.begin(), counts.end(), 0.0);
  double chi_square = 0.0, pooled_expected = 0.0, pooled_count = 0.0;
  int cells = 0;
  const auto add_cell = [&](double count, double expected) {
    chi_square += (count - expected) * (count - expected) / expected;
    ++cells;
  };
  for (std::size_t state = 0; state < counts.size(); ++state) {
    const double expected = samples * probabilities[state];
    if (expected >= 5.0) {
      add_cell(counts[state], expected);
    } else {
      pooled_expected += expected;
      pooled_count += counts[state];
    }
  }
  if (pooled_expected > 0.0) add_cell(pooled_count, pooled_expected);
  ASSERT_GT(cells, 8) << "too few states to tell anything";
  EXPECT_LT(chi_square, cells - 1 + 5 * std::sqrt(2.0 * (cells - 1)));  // mean: degrees; variance: twice that
}

}  // namespace pcnn::testing

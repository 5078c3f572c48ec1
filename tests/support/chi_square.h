#pragma once

#include <span>

namespace pcnn::testing {

// Pearson's test of `counts` against `probabilities` (which sum to one): fails the running test where the
// statistic is more than five standard deviations above its mean. States expected fewer than five times are
// pooled.
void expect_counts_follow(std::span<const int> counts, std::span<const double> probabilities);

}  // namespace pcnn::testing

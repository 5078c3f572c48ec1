#include "engine/model/value_counts.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/core/index.h"

namespace pcnn {
namespace {

constexpr float kLargest = 2.0f;

}  // namespace

ValueCounts::ValueCounts(float level_distance, int bins)
    : width_(level_distance / static_cast<float>(bins)),
      counts_(to_index(static_cast<int>(std::lround(2.0f * kLargest / width_))) + 1) {}

std::size_t ValueCounts::bin(float value) const {
  const auto place = std::lround((value + kLargest) / width_);
  return static_cast<std::size_t>(std::clamp<long>(place, 0, static_cast<long>(counts_.size()) - 1));
}

void ValueCounts::add(const ValueCounts& other) {
  std::ranges::transform(counts_, other.counts_, counts_.begin(), std::plus{});
  total_ += other.total_;
}

double ValueCounts::share_of_level(float value, int levels) const {
  constexpr double kMore = 0.5;
  return (static_cast<double>(counts_[bin(value)]) + kMore) / (static_cast<double>(total_) + kMore * levels);
}

float ValueCounts::quantile(double share) const {
  const auto at_most = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(total_)));
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    sum += counts_[i];
    if (counts_[i] > 0 && (sum >= at_most || sum == total_)) return static_cast<float>(i) * width_ - kLargest;
  }
  return 0.0f;
}

}  // namespace pcnn

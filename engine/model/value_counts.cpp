#include "engine/model/value_counts.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/core/index.h"

namespace pcnn {
namespace {

// The bin of this value has a whole number, and so levels lie in the middle of theirs.
constexpr float kLowestLevel = -1.0f;
constexpr float kSpan = 3.0f;  // from there to the largest value

}  // namespace

ValueCounts::ValueCounts(float level_distance, int bins)
    : width_(level_distance / static_cast<float>(bins)),
      below_(std::lround(std::ceil(1.0f / width_))),
      counts_(static_cast<std::size_t>(below_ + std::lround(std::ceil(kSpan / width_))) + 1) {}

std::size_t ValueCounts::bin(float value) const {
  const auto place = below_ + std::lround((value - kLowestLevel) / width_);
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
    if (counts_[i] > 0 && (sum >= at_most || sum == total_))
      return kLowestLevel + static_cast<float>(static_cast<long>(i) - below_) * width_;
  }
  return 0.0f;
}

}  // namespace pcnn

#include "engine/model/value_counts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "engine/core/index.h"

namespace pcnn {
namespace {

constexpr float kLargest = 2.0f;

}  // namespace

ValueCounts::ValueCounts(float level_distance)
    : width_(level_distance / 4.0f),
      counts_(to_index(static_cast<int>(std::lround(2.0f * kLargest / width_))) + 1) {}

std::size_t ValueCounts::bin(float value) const {
  const auto place = std::lround((value + kLargest) / width_);
  return static_cast<std::size_t>(std::clamp<long>(place, 0, static_cast<long>(counts_.size()) - 1));
}

void ValueCounts::add(const ValueCounts& other) {
  std::ranges::transform(counts_, other.counts_, counts_.begin(), std::plus{});
}

std::int64_t ValueCounts::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

double ValueCounts::share_of_level(float value, int levels) const {
  constexpr double kMore = 0.5;
  return (static_cast<double>(count(value)) + kMore) / (static_cast<double>(total()) + kMore * levels);
}

float ValueCounts::quantile(double share) const {
  const double wanted = share * static_cast<double>(total());
  double sum = 0.0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    sum += static_cast<double>(counts_[i]);
    if (counts_[i] > 0 && sum >= wanted) return static_cast<float>(i) * width_ - kLargest;
  }
  return 0.0f;
}

}  // namespace pcnn

#include "engine/io/chart_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace pcnn {
namespace {

constexpr int kTicks = 6;  // about so many on an axis
constexpr int kMostLogTicks = 8;
constexpr double kSmallest = 1e-200;  // narrower ranges are flat

std::string label_of(double value, double tick, double largest) {
  if (tick < 1e-6 || largest >= 1e7) return fmt::format("{:.10g}", value);
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(tick) + 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

ChartAxis::ChartAxis(std::vector<Tick> ticks, bool log, double from, double to)
    : ticks_(std::move(ticks)), log_(log), from_(from), to_(to) {
  low_ = log ? std::log(ticks_.front().value) : ticks_.front().value;
  high_ = log ? std::log(ticks_.back().value) : ticks_.back().value;
}

double ChartAxis::pixel(double value) const {
  return from_ + ((log_ ? std::log(value) : value) - low_) / (high_ - low_) * (to_ - from_);
}

ChartAxis ChartAxis::linear(double least, double most, bool whole, double from, double to) {
  if (least > most) least = 0, most = 1;
  const double size = std::max(std::abs(least), std::abs(most));
  if (most - least <= std::max(1e-9 * size, kSmallest)) {
    const double half = size > kSmallest ? size / 2 : 0.5;
    least -= half, most += half;
  }
  const double rough = (most - least) / kTicks, power = std::pow(10, std::floor(std::log10(rough)));
  const double leading = rough / power - 1e-9;
  double tick = power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
  if (whole) tick = std::max(tick, 1.0);
  const auto first = static_cast<std::int64_t>(std::floor(least / tick + 1e-9));
  const auto last = static_cast<std::int64_t>(std::ceil(most / tick - 1e-9));
  const auto value = [&](std::int64_t i) { return static_cast<double>(i) * tick; };
  const double largest = std::max(std::abs(value(first)), std::abs(value(last)));
  std::vector<Tick> ticks;
  for (std::int64_t i = first; i <= last; ++i) ticks.push_back({value(i), label_of(value(i), tick, largest)});
  return {std::move(ticks), false, from, to};
}

ChartAxis ChartAxis::logarithmic(double least, double most, double from, double to) {
  std::vector<double> values;
  for (const bool fine : {true, false}) {
    values.clear();
    for (int power = static_cast<int>(std::floor(std::log10(least))); values.empty() || values.back() < most;
         ++power)
      for (const double step : {1.0, 2.0, 5.0}) {
        if (!fine && step != 1.0) continue;
        const double value = step * std::pow(10, power);
        if (!values.empty() && values.back() >= most) break;
        if (!values.empty() && value <= least) values.clear();
        values.push_back(value);
      }
    if (values.size() <= kMostLogTicks) break;
  }
  if (values.size() == 1) values.push_back(10 * values.front());
  std::vector<Tick> ticks;
  for (const double value : values) ticks.push_back({value, fmt::format("{:g}", value)});
  return {std::move(ticks), true, from, to};
}

}  // namespace pcnn

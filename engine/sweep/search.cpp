#include "engine/sweep/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/random.h"

namespace pcnn {
namespace {

// Four digits: nobody tunes the fifth, and everybody reads them.
std::string number_text(double value, const ParameterRange& range) {
  if (range.whole) return fmt::format("{}", std::llround(value));
  const std::string text = fmt::format("{:.4g}", value);
  const double rounded = std::stod(text);
  return rounded < range.min || rounded > range.max
             ? fmt::format("{}", std::clamp(rounded, range.min, range.max))
             : text;
}

// The value at `part` of the way from min to max, 0 to 1.
double value_at(const ParameterRange& range, double part) {
  if (part <= 0.0) return range.min;
  if (part >= 1.0) return range.max;
  return range.log ? range.min * std::pow(range.max / range.min, part)
                   : range.min + (range.max - range.min) * part;
}

std::vector<std::string> grid_values(const SweptParameter& parameter) {
  if (!parameter.range) return parameter.values;
  const ParameterRange& range = *parameter.range;
  const std::int64_t count = range.count.value_or(std::llround(range.max - range.min) + 1);
  std::vector<std::string> values;
  for (std::int64_t i = 0; i < count; ++i) {
    std::string text =
        number_text(value_at(range, static_cast<double>(i) / static_cast<double>(count - 1)), range);
    if (values.empty() || values.back() != text)
      values.push_back(std::move(text));  // few integers, many asked for
  }
  return values;
}

std::vector<Assignment> grid(const SweepConfig& config) {
  std::vector<Assignment> all{{}};
  for (const SweptParameter& parameter : config.parameters) {
    const std::vector<std::string> values = grid_values(parameter);
    if (all.size() * values.size() > kMostTrials)
      throw ConfigError("sweep.parameters: the grid has more than " + grouped(kMostTrials) +
                        " combinations; take fewer values, or method: random");
    std::vector<Assignment> longer;
    for (const Assignment& assignment : all)
      for (const std::string& value : values) {
        longer.push_back(assignment);
        longer.back().push_back(value);
      }
    all = std::move(longer);
  }
  return all;
}

// uniform: in [0, 1).
std::string drawn_value(const SweptParameter& parameter, double uniform) {
  if (!parameter.range)
    return parameter.values[static_cast<std::size_t>(uniform * static_cast<double>(parameter.values.size()))];
  ParameterRange range = *parameter.range;
  if (!range.whole) return number_text(value_at(range, uniform), range);
  // Half an integer further on either side, so that the ends are as likely as the others.
  const ParameterRange wide{
      .min = range.min - 0.5, .max = range.max + 0.5, .log = range.log, .whole = true, .count = {}};
  return number_text(std::clamp(std::round(value_at(wide, uniform)), range.min, range.max), range);
}

std::vector<Assignment> drawn(const SweepConfig& config) {
  constexpr std::uint32_t kMostAttempts = 1000;  // at a draw unlike those before
  const RandomStream random(config.seed, Stream::kSweep);
  std::vector<Assignment> all;
  std::set<Assignment> seen;
  for (std::uint32_t trial = 0; trial < config.trials; ++trial) {
    for (std::uint32_t attempt = 0;; ++attempt) {
      if (attempt == kMostAttempts) return all;
      Assignment assignment;
      for (std::uint32_t place = 0; place < config.parameters.size(); ++place)
        assignment.push_back(drawn_value(config.parameters[place], random.uniform(trial, place, attempt)));
      if (!seen.insert(assignment).second) continue;
      all.push_back(std::move(assignment));
      break;
    }
  }
  return all;
}

}  // namespace

std::vector<Assignment> assignments(const SweepConfig& config) {
  return config.method == SearchMethod::kGrid ? grid(config) : drawn(config);
}

}  // namespace pcnn

#include "engine/config/config_range.h"

#include <cmath>
#include <cstdint>

#include "engine/config/scalar.h"

namespace pcnn {
namespace {

// 1000000 and not 1e+06: bounds are read by people.
std::string bound_text(double value) {
  constexpr double kWholeBelow = 1e15, kAboveIntegers = 9223372036854775808.0;
  if (value == kAboveIntegers) return std::to_string(std::numeric_limits<std::int64_t>::max());
  if (std::abs(value) < kWholeBelow && value == std::trunc(value))
    return std::to_string(static_cast<std::int64_t>(value));
  return config_detail::real_text(value);
}

}  // namespace

std::string ConfigRange::describe(std::string_view noun) const {
  const bool has_min = std::isfinite(min), has_max = std::isfinite(max);
  std::string text(noun);
  if (has_min && has_max)
    text += std::string(" in ") + (min_open ? "(" : "[") + bound_text(min) + ", " + bound_text(max) +
            (max_open ? ")" : "]");
  else if (has_min)
    text += (min_open ? " > " : " >= ") + bound_text(min);
  else if (has_max)
    text += (max_open ? " < " : " <= ") + bound_text(max);
  return text;
}

}  // namespace pcnn

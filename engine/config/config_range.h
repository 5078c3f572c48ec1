#pragma once

// An interval of accepted numbers, and how error messages name it.

#include <limits>
#include <string>
#include <string_view>

namespace pcnn {

struct ConfigRange {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_open = false;  // true: min itself is refused
  bool max_open = false;

  static constexpr ConfigRange any() { return {}; }
  static constexpr ConfigRange at_least(double low) { return {.min = low}; }                   // [low, inf)
  static constexpr ConfigRange at_most(double high) { return {.max = high}; }                  // (-inf, high]
  static constexpr ConfigRange above(double low) { return {.min = low, .min_open = true}; }    // (low, inf)
  static constexpr ConfigRange below(double high) { return {.max = high, .max_open = true}; }  // (-inf, high)
  static constexpr ConfigRange positive() { return above(0.0); }                               // (0, inf)
  static constexpr ConfigRange non_negative() { return at_least(0.0); }                        // [0, inf)
  static constexpr ConfigRange between(double low, double high) {
    return {.min = low, .max = high};
  }  // [low, high]
  // (low, high)
  static constexpr ConfigRange inside(double low, double high) { return {low, high, true, true}; }
  // [low, high)
  static constexpr ConfigRange from_below(double low, double high) { return {low, high, false, true}; }
  // (low, high]
  static constexpr ConfigRange above_up_to(double low, double high) { return {low, high, true, false}; }

  // Every integer of 64 bits that is not negative: [0, 9223372036854775807].
  static constexpr ConfigRange seeds() { return between(0.0, 9223372036854775807.0); }

  // False for NaN.
  [[nodiscard]] constexpr bool contains(double value) const {
    return (min_open ? value > min : value >= min) && (max_open ? value < max : value <= max);
  }

  // `noun` and the bounds: "an integer >= 1", "a number in (0, 1]", "a number".
  [[nodiscard]] std::string describe(std::string_view noun) const;
};

}  // namespace pcnn

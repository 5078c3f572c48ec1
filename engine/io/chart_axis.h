#pragma once

#include <string>
#include <vector>

namespace pcnn {

// A range of values laid over pixels, with round ticks; its ends are ticks.
// Immutable.
class ChartAxis {
 public:
  // Over least..most, along pixels from..to, with about six ticks. least > most: there are no values. whole:
  // ticks are whole numbers. A range too narrow for double precision is shown as one flat value. Values are
  // finite.
  static ChartAxis linear(double least, double most, bool whole, double from, double to);
  // Over 0 < least <= most; ticks at 1, 2 and 5 times powers of ten, or at powers alone where those are many.
  static ChartAxis logarithmic(double least, double most, double from, double to);

  struct Tick {
    double value;
    std::string label;
  };
  [[nodiscard]] const std::vector<Tick>& ticks() const { return ticks_; }
  [[nodiscard]] double pixel(double value) const;

 private:
  ChartAxis(std::vector<Tick> ticks, bool log, double from, double to);

  std::vector<Tick> ticks_;
  bool log_;
  double from_, to_;   // pixels
  double low_, high_;  // values, or their logarithms
};

}  // namespace pcnn

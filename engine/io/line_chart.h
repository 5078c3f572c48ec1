#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcnn {

// One line of a chart.
struct ChartSeries {
  std::string label;      // not in the legend when empty
  std::vector<double> x;  // ascending, for a line that does not turn back
  std::vector<double> y;  // as many as x
  // A thin line without dots under the others. The axes need not hold the tenth of its points that lie
  // highest; those above them are left out.
  bool is_fine = false;
};

// An SVG document (UTF-8, like its texts): lines over linear axes with round ticks, a light grid and a
// legend, on white. A point with a coordinate that is not finite, or beyond 1e200, is left out; a lone point
// is a dot; a series may be empty. Where all x are whole numbers (epochs, steps) so are their ticks. Throws
// std::invalid_argument where x and y of a series differ in length.
[[nodiscard]] std::string line_chart_svg(std::string_view title, std::string_view x_label,
                                         std::string_view y_label, std::span<const ChartSeries> series);

}  // namespace pcnn

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcnn {

// One line of a chart; x and y have the same length.
struct ChartSeries {
  std::string label;
  std::vector<double> x;
  std::vector<double> y;
};

// An SVG picture of up to four lines over linear axes with round ticks and a legend. Points that are not
// finite are left out.
[[nodiscard]] std::string line_chart_svg(std::string_view title, std::string_view x_label,
                                         std::string_view y_label, std::span<const ChartSeries> series);

}  // namespace pcnn

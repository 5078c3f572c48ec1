#include "engine/io/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/io/chart_axis.h"
#include "engine/io/svg.h"

namespace pcnn {
namespace {

constexpr double kWidth = 720, kHeight = 440;                         // of the picture
constexpr double kLeft = 80, kRight = 700, kTop = 45, kBottom = 385;  // of the plot
constexpr std::size_t kMostDots = 60;                                 // more points are only a line
constexpr double kLargest = 1e200;                                    // differences stay finite
constexpr std::array kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

struct Point {
  double x, y;
};

std::vector<Point> drawable_points(const ChartSeries& series) {
  if (series.x.size() != series.y.size())
    throw std::invalid_argument(fmt::format("line_chart_svg: series {} has {} x and {} y", series.label,
                                            series.x.size(), series.y.size()));
  std::vector<Point> points;
  for (std::size_t i = 0; i < series.x.size(); ++i)
    if (std::abs(series.x[i]) <= kLargest && std::abs(series.y[i]) <= kLargest)  // false for NaN
      points.push_back({series.x[i], series.y[i]});
  return points;
}

// Without the tenth of them that lie highest.
std::vector<Point> without_highest(std::vector<Point> points) {
  std::ranges::sort(points, {}, &Point::y);
  points.resize(points.size() - points.size() / 10);
  return points;
}

ChartAxis axis_over(std::span<const std::vector<Point>> lines, double Point::*coordinate, bool whole,
                    double from, double to) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const std::vector<Point>& points : lines)
    for (const Point& point : points) {
      const double value = point.*coordinate;
      least = std::min(least, value), most = std::max(most, value);
      whole = whole && value == std::round(value);
    }
  return ChartAxis::linear(least, most, whole, from, to);
}

std::string draw_axes(const ChartAxis& x, const ChartAxis& y) {
  std::string svg;
  for (const ChartAxis::Tick& tick : y.ticks()) {
    const double at = y.pixel(tick.value);
    svg += svg_line(kLeft, at, kRight, at, "#e4e4e4", 1) + svg_text(kLeft - 8, at + 4, "end", tick.label);
  }
  for (const ChartAxis::Tick& tick : x.ticks()) {
    const double at = x.pixel(tick.value);
    svg += svg_line(at, kTop, at, kBottom, "#e4e4e4", 1) + svg_text(at, kBottom + 18, "middle", tick.label);
  }
  return svg + svg_line(kLeft, kTop, kLeft, kBottom, "#888888", 1) +
         svg_line(kLeft, kBottom, kRight, kBottom, "#888888", 1);
}

std::string draw_line(std::span<const Point> points, const char* colour, bool is_fine, const ChartAxis& x,
                      const ChartAxis& y) {
  std::string path, dots;
  for (const Point& point : points) {
    const double px = x.pixel(point.x), py = y.pixel(point.y);
    if (is_fine && py < kTop) continue;
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", px, py);
    if (!is_fine && points.size() <= kMostDots)
      dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", px, py, colour);
  }
  if (points.size() < 2) return dots;
  return fmt::format(
             "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" "
             "stroke-linejoin=\"round\"/>\n",
             path, colour, is_fine ? 1 : 2) +
         dots;
}

const char* colour_of(std::size_t i) {
  return kColours[i % kColours.size()];
}

// At the top right, where curves that fall leave room.
std::string draw_legend(std::span<const ChartSeries> series) {
  const auto letters = [](const ChartSeries& line) {
    return std::ranges::count_if(line.label, [](char c) { return (c & 0xC0) != 0x80; });  // UTF-8
  };
  std::string entries;
  double widest = 0, y = kTop + 20;
  for (std::size_t i = 0; i < series.size(); ++i)
    if (!series[i].label.empty()) widest = std::max(widest, 7.0 * static_cast<double>(letters(series[i])));
  const double left = kRight - widest - 50;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (series[i].label.empty()) continue;
    entries += svg_line(left + 8, y - 4, left + 30, y - 4, colour_of(i), series[i].is_fine ? 1 : 2) +
               svg_text(left + 38, y, "start", series[i].label);
    y += 18;
  }
  if (entries.empty()) return {};
  return fmt::format(
             "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"white\" "
             "fill-opacity=\"0.85\" stroke=\"#e4e4e4\"/>\n",
             left, kTop + 4, widest + 46, y - kTop - 14) +
         entries;
}

}  // namespace

std::string line_chart_svg(std::string_view title, std::string_view x_label, std::string_view y_label,
                           std::span<const ChartSeries> series) {
  std::vector<std::vector<Point>> lines;
  for (const ChartSeries& line : series) lines.push_back(drawable_points(line));
  const ChartAxis x = axis_over(lines, &Point::x, true, kLeft, kRight);
  std::vector<std::vector<Point>> shown = lines;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (series[i].is_fine) shown[i] = without_highest(lines[i]);
  const ChartAxis y = axis_over(shown, &Point::y, false, kBottom, kTop);

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333333\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<text x=\"{2}\" y=\"26\" font-size=\"16\">{3}</text>\n",
      kWidth, kHeight, kLeft, xml_escaped(title));
  svg += draw_axes(x, y);
  svg += svg_text((kLeft + kRight) / 2, kBottom + 42, "middle", x_label);
  svg += fmt::format("<text transform=\"translate(20 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                     (kTop + kBottom) / 2, xml_escaped(y_label));
  for (const bool is_fine : {true, false})
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (series[i].is_fine == is_fine) svg += draw_line(lines[i], colour_of(i), is_fine, x, y);
  return svg + draw_legend(series) + "</svg>\n";
}

}  // namespace pcnn

#include "engine/io/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace pcnn {
namespace {

constexpr double kWidth = 720, kHeight = 440;                         // of the picture
constexpr double kLeft = 80, kRight = 700, kTop = 45, kBottom = 385;  // of the plot
constexpr int kTicks = 6;                                             // about so many on an axis
constexpr std::size_t kMostDots = 60;                                 // more points are only a line
constexpr double kLargest = 1e200;                                    // differences stay finite
constexpr std::array kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

struct Point {
  double x, y;
};

// A range in data units, from one round tick to another, laid over pixels.
struct Axis {
  double tick;
  std::int64_t first, last;  // the range is first * tick .. last * tick
  double from, to;           // its pixels

  [[nodiscard]] double pixel(double value) const {
    const double low = static_cast<double>(first) * tick, high = static_cast<double>(last) * tick;
    return from + (value - low) / (high - low) * (to - from);
  }
  [[nodiscard]] double value(std::int64_t i) const { return static_cast<double>(i) * tick; }
  [[nodiscard]] std::string label(std::int64_t i) const {
    const double largest = std::max(std::abs(value(first)), std::abs(value(last)));
    if (tick < 1e-6 || largest >= 1e7) return fmt::format("{:.10g}", value(i));
    const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(tick) + 1e-9)));
    return fmt::format("{:.{}f}", value(i), decimals);
  }
};

Axis fit_axis(double least, double most, bool whole, double from, double to) {
  if (least > most) least = 0, most = 1;  // no points at all
  const double size = std::max(std::abs(least), std::abs(most));
  // A range too narrow for ticks that double precision tells apart is shown as one flat value.
  if (most - least <= std::max(1e-9 * size, 1 / kLargest)) {
    const double half = size > 1 / kLargest ? size / 2 : 0.5;
    least -= half, most += half;
  }
  const double rough = (most - least) / kTicks, power = std::pow(10, std::floor(std::log10(rough)));
  const double leading = rough / power - 1e-9;
  double tick = power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
  if (whole) tick = std::max(tick, 1.0);
  return {.tick = tick,
          .first = static_cast<std::int64_t>(std::floor(least / tick + 1e-9)),
          .last = static_cast<std::int64_t>(std::ceil(most / tick - 1e-9)),
          .from = from,
          .to = to};
}

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

Axis axis_over(std::span<const std::vector<Point>> lines, double Point::*coordinate, bool whole, double from,
               double to) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const std::vector<Point>& points : lines)
    for (const Point& point : points) {
      const double value = point.*coordinate;
      least = std::min(least, value), most = std::max(most, value);
      whole = whole && value == std::round(value);
    }
  return fit_axis(least, most, whole, from, to);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else  // XML has no way to say control characters
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

std::string text_at(double x, double y, const char* anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(text));
}

std::string line_between(double x1, double y1, double x2, double y2, const char* colour, double width) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"{}\"/>\n",
      x1, y1, x2, y2, colour, width);
}

std::string draw_axes(const Axis& x, const Axis& y) {
  std::string svg;
  for (std::int64_t i = y.first; i <= y.last; ++i) {
    const double at = y.pixel(y.value(i));
    svg += line_between(kLeft, at, kRight, at, "#e4e4e4", 1) + text_at(kLeft - 8, at + 4, "end", y.label(i));
  }
  for (std::int64_t i = x.first; i <= x.last; ++i) {
    const double at = x.pixel(x.value(i));
    svg +=
        line_between(at, kTop, at, kBottom, "#e4e4e4", 1) + text_at(at, kBottom + 18, "middle", x.label(i));
  }
  return svg + line_between(kLeft, kTop, kLeft, kBottom, "#888888", 1) +
         line_between(kLeft, kBottom, kRight, kBottom, "#888888", 1);
}

std::string draw_line(std::span<const Point> points, const char* colour, const Axis& x, const Axis& y) {
  std::string path, dots;
  for (const Point& point : points) {
    const double px = x.pixel(point.x), py = y.pixel(point.y);
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", px, py);
    if (points.size() <= kMostDots)
      dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", px, py, colour);
  }
  if (points.size() < 2) return dots;
  return fmt::format(
             "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" "
             "stroke-linejoin=\"round\"/>\n",
             path, colour) +
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
    entries += line_between(left + 8, y - 4, left + 30, y - 4, colour_of(i), 2) +
               text_at(left + 38, y, "start", series[i].label);
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
  const Axis x = axis_over(lines, &Point::x, true, kLeft, kRight);
  const Axis y = axis_over(lines, &Point::y, false, kBottom, kTop);

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333333\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<text x=\"{2}\" y=\"26\" font-size=\"16\">{3}</text>\n",
      kWidth, kHeight, kLeft, escaped(title));
  svg += draw_axes(x, y);
  svg += text_at((kLeft + kRight) / 2, kBottom + 42, "middle", x_label);
  svg += fmt::format("<text transform=\"translate(20 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                     (kTop + kBottom) / 2, escaped(y_label));
  for (std::size_t i = 0; i < lines.size(); ++i) svg += draw_line(lines[i], colour_of(i), x, y);
  return svg + draw_legend(series) + "</svg>\n";
}

}  // namespace pcnn

#include "engine/io/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace pcnn {
namespace {

constexpr double kWidth = 720, kHeight = 440;
constexpr double kLeft = 80, kRight = 700, kTop = 50, kBottom = 385;
constexpr int kTicks = 6;
constexpr std::array kColours{"#1f77b4", "#d62728", "#2ca02c", "#9467bd"};

// A range in data units laid over pixels, with ticks at round numbers.
struct Axis {
  double low, high, tick, from, to;

  Axis(double least, double most, double from_pixel, double to_pixel) : from(from_pixel), to(to_pixel) {
    if (!(least <= most)) least = 0.0, most = 1.0;
    if (least == most)
      least -= 0.5 * std::max(1e-9, std::abs(least)), most += 0.5 * std::max(1e-9, std::abs(most));
    const double rough = (most - least) / kTicks, power = std::pow(10.0, std::floor(std::log10(rough)));
    const double leading = rough / power;
    tick = power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
    low = std::floor(least / tick) * tick;
    high = std::ceil(most / tick) * tick;
  }
  [[nodiscard]] double pixel(double value) const { return from + (value - low) / (high - low) * (to - from); }
  [[nodiscard]] int tick_count() const { return static_cast<int>(std::lround((high - low) / tick)); }
  [[nodiscard]] std::string label(int i) const {
    const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(tick) + 1e-9)), 0, 12);
    return fmt::format("{:.{}f}", low + i * tick, decimals);
  }
};

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
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  }
  return out;
}

Axis axis_over(std::span<const ChartSeries> series, std::vector<double> ChartSeries::*values, double from,
               double to) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const ChartSeries& line : series)
    for (const double value : line.*values)
      if (std::isfinite(value)) least = std::min(least, value), most = std::max(most, value);
  return {least, most, from, to};
}

std::string draw_grid(const Axis& x, const Axis& y) {
  std::string svg;
  for (int i = 0; i <= y.tick_count(); ++i) {
    const double at = y.pixel(y.low + i * y.tick);
    svg += fmt::format(
        R"(<line x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}" stroke="#ddd"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>)"
        "\n",
        kLeft, at, kRight, at, kLeft - 8, at + 4, y.label(i));
  }
  for (int i = 0; i <= x.tick_count(); ++i) {
    const double at = x.pixel(x.low + i * x.tick);
    svg += fmt::format(
        R"(<line x1="{:.1f}" y1="{}" x2="{:.1f}" y2="{}" stroke="#ddd"/><text x="{:.1f}" y="{}" text-anchor="middle">{}</text>)"
        "\n",
        at, kTop, at, kBottom, at, kBottom + 18, x.label(i));
  }
  return svg;
}

std::string draw_line(const ChartSeries& line, const char* colour, const Axis& x, const Axis& y) {
  std::string points, dots;
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    if (!std::isfinite(line.x[i]) || !std::isfinite(line.y[i])) continue;
    const double px = x.pixel(line.x[i]), py = y.pixel(line.y[i]);
    points += fmt::format("{:.1f},{:.1f} ", px, py);
    dots += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="2.5" fill="{}"/>)", px, py, colour);
  }
  return fmt::format(R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>{})"
                     "\n",
                     points, colour, dots);
}

}  // namespace

std::string line_chart_svg(std::string_view title, std::string_view x_label, std::string_view y_label,
                           std::span<const ChartSeries> series) {
  const Axis x = axis_over(series, &ChartSeries::x, kLeft, kRight);
  const Axis y = axis_over(series, &ChartSeries::y, kBottom, kTop);
  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" font-family="sans-serif" font-size="12" fill="#333">)"
      "\n"
      R"(<rect width="{0}" height="{1}" fill="white"/>)"
      "\n",
      kWidth, kHeight);
  svg += fmt::format(R"(<text x="{}" y="24" font-size="16">{}</text>)"
                     "\n",
                     kLeft, escaped(title));
  svg += draw_grid(x, y);
  svg += fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">{}</text>)"
                     "\n",
                     (kLeft + kRight) / 2, kBottom + 40, escaped(x_label));
  svg += fmt::format(R"svg(<text transform="translate(20 {}) rotate(-90)" text-anchor="middle">{}</text>)svg"
                     "\n",
                     (kTop + kBottom) / 2, escaped(y_label));
  for (std::size_t i = 0; i < series.size(); ++i) {
    const char* colour = kColours[i % kColours.size()];
    const double row = kTop + 16 + 18 * static_cast<double>(i);
    svg += draw_line(series[i], colour, x, y);
    svg += fmt::format(
        R"(<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="2"/><text x="{}" y="{}">{}</text>)"
        "\n",
        kRight - 110, row, kRight - 90, row, colour, kRight - 84, row + 4, escaped(series[i].label));
  }
  return svg + "</svg>\n";
}

}  // namespace pcnn

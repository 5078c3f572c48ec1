#include "engine/io/scatter_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/io/chart_axis.h"
#include "engine/io/svg.h"

namespace pcnn {
namespace {

constexpr double kPanelWidth = 300, kPanelHeight = 250, kTop = 70, kMargin = 20;
constexpr double kInsideLeft = 62, kInsideRight = 12, kInsideTop = 10,
                 kInsideBottom = 52;  // of a panel's plot
constexpr const char *kColour = "#0072b2", *kBestColour = "#d55e00", *kGrid = "#e4e4e4", *kFrame = "#888888";

struct Box {
  double left, right, top, bottom;
};

Box plot_of(std::size_t panel, std::size_t columns) {
  const double left = kMargin + kPanelWidth * static_cast<double>(panel % columns);
  const double top = kTop + kPanelHeight * static_cast<double>(panel / columns);
  return {left + kInsideLeft, left + kPanelWidth - kInsideRight, top + kInsideTop,
          top + kPanelHeight - kInsideBottom};
}

bool is_drawable(const ScatterPoint& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

// Where x stands on the panel, and its ticks.
class XScale {
 public:
  XScale(const ScatterPanel& panel, const Box& box) : panel_(panel), box_(box), axis_(axis_of(panel, box)) {}

  [[nodiscard]] double pixel(double x) const {
    if (panel_.names.empty()) return axis_.pixel(x);
    const double step = (box_.right - box_.left) / static_cast<double>(panel_.names.size());
    return box_.left + step * (x + 0.5);
  }
  [[nodiscard]] std::vector<std::pair<double, std::string>> ticks() const {
    std::vector<std::pair<double, std::string>> ticks;
    for (std::size_t i = 0; i < panel_.names.size(); ++i)
      ticks.emplace_back(pixel(static_cast<double>(i)), panel_.names[i]);
    if (panel_.names.empty())
      for (const ChartAxis::Tick& tick : axis_.ticks())
        ticks.emplace_back(axis_.pixel(tick.value), tick.label);
    return ticks;
  }

 private:
  static ChartAxis axis_of(const ScatterPanel& panel, const Box& box) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    bool whole = true;
    for (const ScatterPoint& point : panel.points) {
      if (!is_drawable(point)) continue;
      least = std::min(least, point.x), most = std::max(most, point.x);
      whole = whole && point.x == std::round(point.x);
    }
    return panel.log && least <= most ? ChartAxis::logarithmic(least, most, box.left, box.right)
                                      : ChartAxis::linear(least, most, whole, box.left, box.right);
  }

  const ScatterPanel& panel_;
  Box box_;
  ChartAxis axis_;
};

std::string draw_grid(const Box& box, const XScale& x, const ChartAxis& y, bool first_in_row) {
  std::string svg;
  for (const ChartAxis::Tick& tick : y.ticks()) {
    const double at = y.pixel(tick.value);
    svg += svg_line(box.left, at, box.right, at, kGrid, 1);
    if (first_in_row) svg += svg_text(box.left - 8, at + 4, "end", tick.label);
  }
  double free_from = -std::numeric_limits<double>::infinity();  // labels do not run into each other
  for (const auto& [at, label] : x.ticks()) {
    svg += svg_line(at, box.top, at, box.bottom, kGrid, 1);
    const double half = 3.5 * static_cast<double>(label.size());
    if (at - half < free_from) continue;
    svg += svg_text(at, box.bottom + 17, "middle", label);
    free_from = at + half + 6;
  }
  return svg + svg_line(box.left, box.top, box.left, box.bottom, kFrame, 1) +
         svg_line(box.left, box.bottom, box.right, box.bottom, kFrame, 1);
}

std::string draw_circle(double x, double y, Dot dot) {
  if (dot == Dot::kHollow)
    return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"white\" stroke=\"{}\"/>\n", x, y,
                       kColour);
  std::string svg = fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"{}\"/>\n", x, y,
                                dot == Dot::kRinged ? kBestColour : kColour);
  if (dot == Dot::kRinged)
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"7\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n", x,
        y, kBestColour);
  return svg;
}

// Its tip at the edge, which it points over.
std::string draw_triangle(double x, double y, double down, Dot dot) {
  return fmt::format("<path d=\"M{:.1f},{:.1f} l5,{:.1f} h-10 z\" fill=\"{}\" stroke=\"{}\"/>\n", x, y, down,
                     dot == Dot::kHollow ? "white" : kColour, kColour);
}

std::string draw_points(const ScatterPanel& panel, const Box& box, const XScale& x, const ChartAxis& y,
                        const ScatterScale& scale) {
  std::string svg;
  for (const ScatterPoint& point : panel.points) {
    if (!is_drawable(point)) continue;
    const double at = x.pixel(point.x);
    if (point.y > scale.highest)
      svg += draw_triangle(at, box.top, 8, point.dot);
    else if (point.y < scale.lowest)
      svg += draw_triangle(at, box.bottom, -8, point.dot);
    else
      svg += draw_circle(at, y.pixel(point.y), point.dot);
  }
  return svg;
}

}  // namespace

std::string scatter_chart_svg(std::string_view title, std::string_view note, std::string_view y_label,
                              const std::vector<ScatterPanel>& panels, const ScatterScale& scale) {
  const std::size_t columns = panels.size() <= 2 || panels.size() == 4 ? 2 : 3;
  const std::size_t rows = (panels.size() + columns - 1) / columns;
  const double width = 2 * kMargin + kPanelWidth * static_cast<double>(columns);
  const double height = kTop + kPanelHeight * static_cast<double>(rows);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333333\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<text x=\"{2}\" y=\"28\" font-size=\"16\">{3}</text>\n",
      width, height, kMargin, xml_escaped(title));
  svg += svg_text(kMargin, 50, "start", note);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const Box box = plot_of(i, columns);
    const XScale x(panels[i], box);
    const ChartAxis y = ChartAxis::linear(scale.lowest, scale.highest, false, box.bottom, box.top);
    svg += draw_grid(box, x, y, i % columns == 0);
    svg += draw_points(panels[i], box, x, y, scale);
    svg += svg_text((box.left + box.right) / 2, box.bottom + 36, "middle", panels[i].x_label);
    if (i % columns == 0)
      svg += fmt::format(
          "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
          box.left - 52, (box.top + box.bottom) / 2, xml_escaped(y_label));
  }
  return svg + "</svg>\n";
}

}  // namespace pcnn

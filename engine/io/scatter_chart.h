#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pcnn {

enum class Dot { kFull, kHollow, kRinged };

struct ScatterPoint {
  double x = 0.0;  // of a panel with names: index of one
  double y = 0.0;
  Dot dot = Dot::kFull;
};

// One of the charts of a picture.
struct ScatterPanel {
  std::string x_label;
  bool log = false;                // x > 0, on a logarithmic axis
  std::vector<std::string> names;  // where x is no number: what stands at 0, 1, 2, ...
  std::vector<ScatterPoint> points;
};

// An SVG document (UTF-8, like its texts): the panels side by side, two or three in a row, over one scale of
// y, on white. Points above `highest` or below `lowest` are triangles at that edge. Points with coordinates
// that are not finite are left out.
struct ScatterScale {
  double lowest = 0.0, highest = 1.0;  // of y
};
[[nodiscard]] std::string scatter_chart_svg(std::string_view title, std::string_view note,
                                            std::string_view y_label, const std::vector<ScatterPanel>& panels,
                                            const ScatterScale& scale);

}  // namespace pcnn

#pragma once

// The few shapes our pictures are drawn with, as SVG elements that end in a newline. Coordinates are pixels
// from the top left, written with one decimal.

#include <string>
#include <string_view>

namespace pcnn {

// Text for XML, in an element or an attribute. Control characters, which XML has no way to say, become
// spaces.
[[nodiscard]] std::string xml_escaped(std::string_view text);

// anchor: "start", "middle" or "end".
[[nodiscard]] std::string svg_text(double x, double y, std::string_view anchor, std::string_view text);
[[nodiscard]] std::string svg_line(double x1, double y1, double x2, double y2, std::string_view colour,
                                   double width);

}  // namespace pcnn

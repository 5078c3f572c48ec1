#pragma once

#include <string>
#include <string_view>

namespace pcnn {

enum class Colour { kRed = 31, kGreen = 32, kYellow = 33 };

// Whether a program may colour what it writes there: to a terminal that has colours, whose user has not set
// NO_COLOR (https://no-color.org).
[[nodiscard]] bool wants_colour(int fd);

// The text, in that colour where `wanted`.
[[nodiscard]] std::string coloured(std::string_view text, Colour colour, bool wanted);

}  // namespace pcnn

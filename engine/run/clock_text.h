#pragma once

#include <string>

namespace pcnn {

// Seconds as a clock shows them, rounded, never negative: 5025 -> "1:23:45", 83 -> "1:23".
[[nodiscard]] std::string clock_text(double seconds);

}  // namespace pcnn

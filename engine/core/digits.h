#pragma once

#include <concepts>
#include <string>

namespace pcnn {

// 389249 -> "389,249". Not for negative numbers.
[[nodiscard]] inline std::string grouped(std::integral auto value) {
  std::string digits = std::to_string(value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

}  // namespace pcnn

#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace pcnn {

// 389249 -> "389,249". Not for negative numbers.
[[nodiscard]] inline std::string grouped(std::integral auto value) {
  std::string digits = std::to_string(value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

// "1 image", "0 images", "12,345 images". count: not negative; noun: in the singular, of those that take an
// s.
[[nodiscard]] inline std::string counted(std::integral auto count, std::string_view noun) {
  return grouped(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace pcnn

#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "engine/core/digits.h"

namespace pcnn {

// "1 image", "0 images", "12,345 images". count: not negative; noun: in the singular, of those that take an s.
[[nodiscard]] inline std::string counted(std::integral auto count, std::string_view noun) {
  return grouped(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace pcnn

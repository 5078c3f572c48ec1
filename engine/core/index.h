#pragma once

#include <concepts>
#include <cstddef>

namespace pcnn {

// A count or an index, not negative, as containers count. Counts are int where they are computed with.
[[nodiscard]] constexpr std::size_t to_index(std::integral auto value) {
  return static_cast<std::size_t>(value);
}

}  // namespace pcnn

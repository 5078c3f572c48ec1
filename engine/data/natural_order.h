#pragma once

#include <string_view>

namespace pcnn {

// Names in the order people expect: runs of digits compare as numbers, so that 2.png comes before 10.png, and
// everything else by bytes. Names that differ in leading zeros alone are ordered by bytes. For names of one
// pattern with numbers of one width, the order of bytes. A strict weak order.
[[nodiscard]] bool comes_before(std::string_view a, std::string_view b);

}  // namespace pcnn

#pragma once

#include <algorithm>
#include <string_view>

namespace pcnn {

// Whether a file's name ends so, in upper or lower case: "grid.PNG" ends in ".png". ending: in lower case.
[[nodiscard]] inline bool has_ending(std::string_view path, std::string_view ending) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return path.size() >= ending.size() &&
         std::ranges::equal(path.substr(path.size() - ending.size()), ending, {}, lower);
}

}  // namespace pcnn

#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace pcnn {

// Text as one word of a shell, for commands that messages suggest: as it is where no character in it means
// something to a shell, else in single quotes. "my run" -> 'my run'.
[[nodiscard]] inline std::string shell_word(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./=+,:@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace pcnn

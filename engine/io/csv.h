#pragma once

// Comma-separated values as RFC 4180 quotes them.

#include <string>
#include <string_view>

namespace pcnn {

// Text as one field: in double quotes where it holds a comma, a quote or a line end, each quote doubled.
[[nodiscard]] inline std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace pcnn

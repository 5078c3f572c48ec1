#include "engine/core/error.h"

#include <string_view>

namespace pcnn {
namespace {

std::string one_line(const std::string& message) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string line;
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n')
      line += "\\n";
    else if (byte < 0x20 || byte == 0x7F)
      line.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    else
      line += c;
  }
  return line;
}

}  // namespace

Error::Error(const std::string& message) : std::runtime_error(one_line(message)) {}

}  // namespace pcnn

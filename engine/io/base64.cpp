#include "engine/io/base64.h"

#include <cstdint>
#include <string_view>

namespace pcnn {

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto byte = [&](std::size_t at) {
      return at < left ? std::to_integer<std::uint32_t>(bytes[i + at]) : 0u;
    };
    const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t letter = 0; letter < 4; ++letter)
      text += letter > left ? '=' : kLetters[group >> (18 - 6 * letter) & 63u];
  }
  return text;
}

}  // namespace pcnn

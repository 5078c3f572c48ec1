#include "engine/core/text.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace pcnn {
namespace {

constexpr std::size_t kLongestQuote = 60;
constexpr std::string_view kDigits = "0123456789ABCDEF";

std::string hex(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return {kDigits[byte >> 4], kDigits[byte & 15]};
}

// U+0080 to U+009F, which terminals take for commands.
bool begins_with_upper_control(std::string_view text) {
  return text.size() >= 2 && text[0] == '\xC2' && (static_cast<unsigned char>(text[1]) & 0xE0) == 0x80;
}

// U+202A to U+202E and U+2066 to U+2069, three bytes each.
bool begins_with_direction(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xE2') return false;
  return (text[1] == '\x80' && text[2] >= '\xAA' && text[2] <= '\xAE') ||
         (text[1] == '\x81' && text[2] >= '\xA6' && text[2] <= '\xA9');
}

}  // namespace

std::size_t utf8_character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC0 || lead > 0xF4 || text.size() < size) return 0;
  std::uint32_t code = lead & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[size] || code > 0x10FFFF || is_surrogate ? 0 : size;
}

std::string escape_controls(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n')
      escaped += "\\n";
    else if (c == '\t')
      escaped += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      escaped += "\\x" + hex(c);
    else if (begins_with_upper_control(text.substr(i)))
      escaped += "\\u00" + hex(text[++i]);
    else if (begins_with_direction(text.substr(i)))
      escaped += (text[i + 1] == '\x80' ? "\\u202" : "\\u206"), escaped += hex(text[i += 2]).back();
    else if (const std::size_t bytes = utf8_character_bytes(text.substr(i)); bytes == 0)
      escaped += "\\x" + hex(c);
    else
      escaped += text.substr(std::exchange(i, i + bytes - 1), bytes);
  }
  return escaped;
}

bool sets_direction(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (begins_with_direction(text.substr(i))) return true;
  return false;
}

std::string escape_controls_by_line(std::string_view text) {
  std::string escaped;
  for (;;) {
    const std::size_t end = text.find('\n');
    escaped += escape_controls(text.substr(0, end));
    if (end == std::string_view::npos) return escaped;
    escaped += '\n';
    text.remove_prefix(end + 1);
  }
}

std::string shorten(std::string_view text) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  // Cutting before escaping: a whole escape is shown or none, and a long text costs no more than a short one.
  std::size_t end = std::min(text.size(), kLongestQuote);
  if (end < text.size())
    while (end > 0 && continues(text[end])) --end;
  return escape_controls(text.substr(0, end)) + (end < text.size() ? "..." : "");
}

}  // namespace pcnn

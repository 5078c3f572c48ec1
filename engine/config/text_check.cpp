#include "engine/config/text_check.h"

#include <cstdint>

#include "engine/config/scalar.h"

namespace pcnn::config_detail {
namespace {

// Bytes of the UTF-8 character `text` starts with; 0 where it starts with none.
std::size_t character_size(std::string_view text) {
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

bool is_refused_control(std::string_view text) {
  const auto c = static_cast<unsigned char>(text.front());
  if (c == '\r') return text.size() < 2 || text[1] != '\n';
  return (c < 0x20 && c != '\t' && c != '\n') || c == 0x7F;
}

}  // namespace

std::optional<TextFlaw> find_flaw(std::string_view text) {
  int line = 1;
  std::size_t line_start = 0;
  std::size_t indentation_tab = std::string_view::npos;  // the first of this line
  bool in_indentation = true;
  const auto flaw_at = [&](std::size_t at, std::string message) {
    return TextFlaw{line, static_cast<int>(at - line_start) + 1, std::move(message)};
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const char c = text[i];
    const std::size_t size = character_size(rest);
    if (size == 0) return flaw_at(i, "a byte that is not UTF-8 text");
    if (is_refused_control(rest))
      return flaw_at(
          i, "found the control character " + escape_controls(rest.substr(0, 1)) + ", accepted: UTF-8 text");
    i += size;
    if (c == '\n') {
      ++line;
      line_start = i;
      indentation_tab = std::string_view::npos;
      in_indentation = true;
    } else if (in_indentation && c == '\t') {
      if (indentation_tab == std::string_view::npos) indentation_tab = i - size;
    } else if (in_indentation && c != ' ' && c != '\r') {
      in_indentation = false;
      // A tab before a comment, or on a line without anything else, indents nothing.
      if (indentation_tab != std::string_view::npos && c != '#')
        return flaw_at(indentation_tab, "a tab in the indentation, accepted: spaces");
    }
  }
  return std::nullopt;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace pcnn::config_detail

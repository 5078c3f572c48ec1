#include "engine/config/text_check.h"

#include "engine/config/scalar.h"
#include "engine/core/text.h"

namespace pcnn::config_detail {
namespace {

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
    const std::size_t size = utf8_character_bytes(rest);
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
    const std::size_t size = utf8_character_bytes(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace pcnn::config_detail

#pragma once

// What is looked at before YAML is: the YAML library ends a file at byte 0x04, guesses at encodings and
// reports tabs as something else.

#include <optional>
#include <string>
#include <string_view>

namespace pcnn::config_detail {

struct TextFlaw {
  int line = 1;
  int column = 1;  // in bytes
  std::string message;
};

// The first place where `text` is not UTF-8, has a control character other than tab, LF and CR LF, or a line
// is indented by a tab.
[[nodiscard]] std::optional<TextFlaw> find_flaw(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace pcnn::config_detail

#pragma once

// Text that files, names and arguments bring in, as messages show it.

#include <cstddef>
#include <string>
#include <string_view>

namespace pcnn {

// Bytes of the UTF-8 character that a text, not empty, starts with; 0 where it starts with none.
[[nodiscard]] std::size_t utf8_character_bytes(std::string_view text);

// Control characters, those above ASCII too, as \n, \t, \xNN or \u00NN, those that set a direction as \u202E,
// and bytes that are not UTF-8 as \xNN; the rest unchanged.
[[nodiscard]] std::string escape_controls(std::string_view text);

// The same of text of several lines, whose newlines stay.
[[nodiscard]] std::string escape_controls_by_line(std::string_view text);

// Whether a character of the text sets the direction of what follows it (U+202A to U+202E, U+2066 to U+2069),
// so that it reads as another text.
[[nodiscard]] bool sets_direction(std::string_view text);

// escape_controls() and at most about 60 bytes, ending in "..." where cut. Never cuts through a UTF-8
// character.
[[nodiscard]] std::string shorten(std::string_view text);

}  // namespace pcnn

#pragma once

// The known word a mistyped one was probably meant to be.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pcnn::config_detail {

// In small letters, with '_' for '-'.
[[nodiscard]] std::string folded(std::string_view text);

// How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`, no letter edited
// twice (optimal string alignment). Letter case and '-' against '_' cost nothing.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `known` within an edit per three letters, the first of equals; failing that, the first which
// `word` shortens or lengthens (`batch_size` for `batch`). nullopt where none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

}  // namespace pcnn::config_detail

#pragma once

// Words that other programs have for what our keys and choices are called, for hints.

#include <span>
#include <string_view>

namespace pcnn::config_detail {

// Our words for it, the likeliest first; none where `word` is not known. Capitals and '-' for '_' are no
// matter.
[[nodiscard]] std::span<const std::string_view> our_words(std::string_view word);

// What to say of a thing that there is none of here: "there is no dropout here"; "" where it is not known.
[[nodiscard]] std::string_view remark_on(std::string_view word);

}  // namespace pcnn::config_detail

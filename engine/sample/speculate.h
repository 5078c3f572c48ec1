#pragma once

#include <optional>
#include <string_view>

namespace pcnn {

// How many pixels are to be guessed at once: a number, or one of these.
inline constexpr int kSpeculateAuto = 0, kSpeculateOff = 1, kMostSpeculated = 64;
// Of "auto", "off" and the numbers from 2 to kMostSpeculated; nullopt of any other word.
[[nodiscard]] std::optional<int> speculation_named(std::string_view word);

}  // namespace pcnn

#include "engine/sample/speculate.h"

#include <charconv>

namespace pcnn {

std::optional<int> speculation_named(std::string_view word) {
  if (word == "auto") return kSpeculateAuto;
  if (word == "off") return kSpeculateOff;
  int columns = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), columns);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  return whole && columns >= 2 && columns <= kMostSpeculated ? std::optional(columns) : std::nullopt;
}

}  // namespace pcnn

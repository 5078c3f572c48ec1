#include "engine/config/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace pcnn::config_detail {
namespace {

constexpr std::size_t kLettersPerEdit = 3;
constexpr std::size_t kShortestStem = 3;
// Beyond this no key is long, and the distance would only cost time.
constexpr std::size_t kLongestWord = 100;

bool is_stem(std::string_view stem, std::string_view word) {
  return stem.size() >= kShortestStem && word.starts_with(stem);
}

}  // namespace

std::string folded(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return result;
}

std::size_t edit_distance(std::string_view a_text, std::string_view b_text) {
  const std::string a = folded(a_text), b = folded(b_text);
  std::vector<std::size_t> row(b.size() + 1), above(b.size() + 1), two_above(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
    two_above.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known) {
  if (word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : known) {
    const std::size_t allowed =
        std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / kLettersPerEdit);
    const std::size_t distance = edit_distance(word, candidate);
    // A word of which every letter changed is another word.
    const bool near = distance <= allowed && distance < candidate.size();
    if (near && (!best || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  if (best) return best;
  const auto related = std::ranges::find_if(known, [&](const std::string& candidate) {
    return is_stem(candidate, word) || is_stem(word, candidate);
  });
  return related == known.end() ? std::nullopt : std::optional(*related);
}

}  // namespace pcnn::config_detail

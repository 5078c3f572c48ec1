#include "engine/config/key_path.h"

#include <algorithm>

#include "engine/config/tree.h"

namespace pcnn::config_detail {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::vector<PathStep> steps_of_part(std::string_view part) {
  const std::size_t bracket = std::min(part.find('['), part.size());
  const std::string_view word = part.substr(0, bracket);
  if (!is_digits(word) && !is_key(word)) return {};
  std::vector<PathStep> steps{{std::string(word), is_digits(word)}};
  for (std::string_view rest = part.substr(bracket); !rest.empty();) {
    const std::size_t close = rest.find(']');
    if (rest.front() != '[' || close == std::string_view::npos || !is_digits(rest.substr(1, close - 1)))
      return {};
    steps.push_back({std::string(rest.substr(1, close - 1)), true});
    rest.remove_prefix(close + 1);
  }
  return steps;
}

std::vector<std::string_view> parts_of_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    parts.push_back(path.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

bool is_key_path(std::string_view text) {
  std::size_t steps = 0;
  for (const std::string_view part : parts_of_path(text)) {
    const std::vector<PathStep> here = steps_of_part(part);
    if (here.empty() || (steps == 0 && here.front().is_index)) return false;
    steps += here.size();
  }
  return steps <= kDeepest;
}

}  // namespace pcnn::config_detail

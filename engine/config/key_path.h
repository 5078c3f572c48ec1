#pragma once

// Paths of keys: `train.batch`, `model.blocks.0.repeat`, `model.blocks[0].repeat`.

#include <string>
#include <string_view>
#include <vector>

namespace pcnn::config_detail {

// A key of a map, or digits that index a list.
struct PathStep {
  std::string text;
  bool is_index = false;
};

// The steps of one part between dots: `blocks`, `0` or `blocks[0]`; none where it is no such part.
[[nodiscard]] std::vector<PathStep> steps_of_part(std::string_view part);

// The parts between dots, one at least.
[[nodiscard]] std::vector<std::string_view> parts_of_path(std::string_view path);

// A key, or several parts that open with one, at most kDeepest of them.
[[nodiscard]] bool is_key_path(std::string_view text);

}  // namespace pcnn::config_detail

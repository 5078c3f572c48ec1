#pragma once

// Anchors and aliases: `a: &x [1, 2]` and `b: *x`. An alias is a copy, so that a Tree stays a tree; how much
// all copies of a document may hold is bounded, or ten lines would fill the memory.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/config/tree.h"

namespace pcnn::config_detail {

// Of all that the anchors and aliases of one document hold: 16 bytes a value, and its text.
inline constexpr std::size_t kMostRepeated = std::size_t{1} << 20;

// Of one document while it is read; one thread.
class Anchors {
 public:
  static constexpr std::string_view kTooMuch = "anchors and aliases repeat more than 1 MiB of values";

  // What an alias stands for; `refusal` says why there is nothing.
  struct Copy {
    Tree tree{};
    std::string refusal{};
  };

  // Notes what anchor `id` names, once it is read whole. False where that is too much.
  [[nodiscard]] bool remember(std::size_t id, const Tree& value);
  // levels: of lists and sections that may still open where the alias stands.
  [[nodiscard]] Copy copy(std::size_t id, std::size_t levels);

 private:
  struct Named {
    Tree tree{};
    std::size_t weight = 0;
    std::size_t levels = 0;
  };

  [[nodiscard]] bool spend(std::size_t weight);

  std::unordered_map<std::size_t, Named> named_;
  std::size_t spent_ = 0;
};

}  // namespace pcnn::config_detail

#pragma once

// Values laid over values: a file over those it includes, overrides over files, keys over merge keys.

#include <optional>
#include <string>

#include "engine/config/tree.h"

namespace pcnn::config_detail {

// Puts `above` in the place of `below` and keeps in `replaced` what scalar or null stood there.
void put_over(Tree& below, Tree above);

// The same key by key, as far as both are sections: lists and scalars are put over whole.
void lay_over(Tree& below, Tree above);

struct Refusal {
  Place place;
  std::string message;
};

// Whether `key` is `<<`, written plain.
[[nodiscard]] bool is_merge_key(const Tree& key);

// Follows the merge key of a map, if there is one: `<<: {a: 1}` and `<<: [{a: 1}, {b: 2}]` give the keys that
// the map itself does not have, the first of several maps before the others. They come before its own.
[[nodiscard]] std::optional<Refusal> merge_keys(Tree& map);

}  // namespace pcnn::config_detail

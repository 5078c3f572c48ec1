#pragma once

// YAML text to a Tree. This and tree_builder are all that knows the YAML library.

#include <string>
#include <string_view>

#include "engine/config/tree.h"

namespace pcnn::config_detail {

// Reads one YAML document; an empty one is null. Aliases are copies of what their anchors name, with the
// places of that; merge keys are followed. Throws ConfigError for text that is not YAML and for what configs
// do not use: a second document, tags, keys that are not words, the same key twice, nesting beyond kDeepest,
// aliases that repeat more than kMostRepeated, tabs as indentation, control characters. `file`: its number,
// as in Place.
[[nodiscard]] Tree read_yaml(std::string_view text, const Source& source, int file = 0);

// The same for the value an override gives to `path`: every place in it is `override_place`.
[[nodiscard]] Tree read_yaml_value(std::string_view text, const Source& source, Place override_place,
                                   std::string path);

}  // namespace pcnn::config_detail

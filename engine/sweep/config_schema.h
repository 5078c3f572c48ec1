#pragma once

#include <string>
#include <vector>

#include "engine/config/config.h"

namespace pcnn {

// Every key that a config may have, whatever kinds it chooses, as the parser asks for them: read from
// documents that choose each kind in turn. A key that kinds read differently has the widest range and all
// choices. Keys of sweep.parameters, which may be any path, stand as "sweep.parameters.*".
[[nodiscard]] std::vector<ConfigDocument::Key> all_config_keys();

// A JSON Schema (draft-07) of configs, for editors: keys with what each accepts and its default. What depends
// on other keys is left to the parser. Ends in a newline.
[[nodiscard]] std::string config_schema();

// A line per key, for shell completion: the path, and for keys of few values a tab and these, with spaces
// between.
[[nodiscard]] std::string config_key_lines();

}  // namespace pcnn

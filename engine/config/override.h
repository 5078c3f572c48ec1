#pragma once

// Overrides of the command line: `train.batch=0`, `model.blocks.0.repeat=3`, `model.blocks[0].repeat=3`.

#include "engine/config/tree.h"

namespace pcnn::config_detail {

// Lays source.overrides[index] over `root`: its value replaces what stands at its path, and sections on the
// way that are absent or null are created. Index 0 of a map is the map itself, since one map may stand for a
// list of one. Throws ConfigError where the override has no such form or its path leads through a scalar or
// past the end of a list.
void apply_override(Tree& root, const Source& source, int index);

}  // namespace pcnn::config_detail

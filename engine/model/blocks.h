#pragma once

#include <string>

#include "engine/model/network_builder.h"

namespace pcnn {

// What one block hands to the next, as nodes.
struct Features {
  int node = 0;
  int rows_above = -1;  // the vertical stack's, before the gate; -1: nothing was computed for it yet
  bool rows_above_gated = true;  // false: read as they are, without a gate
  int skips = -1;       // the sum of what went past the blocks so far; -1: nothing
  int skip_maps = 0;    // of that sum; 0: as many as the node has
  int image = 0;        // or its embedding
};

// Expands one block of the config into ops on top of `src`. Names of parameters start with `name`. Blocks
// that have no vertical stack or skips pass on those of the blocks before.
Features append_block(NetworkBuilder& builder, const std::string& name, const Features& src,
                      const BlockConfig& config);

}  // namespace pcnn

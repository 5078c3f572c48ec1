#pragma once

#include <string>

#include "engine/model/network_builder.h"

namespace pcnn {

// Expands one block of the config into ops on top of node `src`; returns the node that holds its result.
// Names of parameters start with `name`.
int append_block(NetworkBuilder& builder, const std::string& name, int src, const BlockConfig& config);

}  // namespace pcnn

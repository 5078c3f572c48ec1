#pragma once

// Keys that once had another name: a config with the old one, of a run from then, means the new one.

#include <string>
#include <vector>

#include "engine/config/tree.h"

namespace pcnn::config_detail {

// Gives such keys the name they have now. Beside a value under that name the old one is left out. Returns a
// note for each whose value is not null: "sample.flock is called sample.chain_batch now".
[[nodiscard]] std::vector<std::string> follow_renames(Tree& root);

}  // namespace pcnn::config_detail

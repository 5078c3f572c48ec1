#pragma once

// Keys that once had another name: a config with the old one, of a run from then, means the new one.

#include <string>
#include <string_view>
#include <vector>

#include "engine/config/tree.h"

namespace pcnn::config_detail {

// Gives such keys the name they have now. Of values under both names that of the higher layer counts, of one
// layer the one under the name of now; the other is left out. Returns a note for each old name whose value is
// not null: "sample.flock is called sample.chain_batch now".
[[nodiscard]] std::vector<std::string> follow_renames(Tree& root, const Source& source);

// The path of now of a key: "sample.chain_batch" for "sample.flock"; another as it is.
[[nodiscard]] std::string current_path(std::string_view path);
// The note on a path that is another now.
[[nodiscard]] std::string renamed_note(std::string_view path);

}  // namespace pcnn::config_detail

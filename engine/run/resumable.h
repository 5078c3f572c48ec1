#pragma once

// What a resumed run may change without becoming another run: one rule for the command line and for a
// config.yaml that was edited by hand.

#include <string>
#include <utility>
#include <vector>

#include "engine/run/run_directory.h"

namespace pcnn {

// Throws ConfigError for an override of a key that may not change.
void check_resumable(const std::vector<std::string>& overrides);

// Compares the values in effect, as pairs of path and YAML, with those that the run's last good checkpoint
// was written with. Throws ConfigError where some that may not change differ, naming each with both values.
// Returns a note on those that may and do; "" where none does, and where no checkpoint can be read, which is
// told by whoever restores it.
[[nodiscard]] std::string check_unchanged(const std::vector<std::pair<std::string, std::string>>& values,
                                          const RunDirectory& directory);

}  // namespace pcnn

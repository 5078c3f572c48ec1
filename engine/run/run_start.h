#pragma once

#include <string>

#include "engine/run/new_directory.h"

namespace pcnn {

// What the start of a run may leave behind that never comes to its first checkpoint.
[[nodiscard]] const StartFiles& run_start_files();

// Throws ConfigError where a run cannot be begun here, saying what can be done: there is one already, or
// something else; FileError where the directory could not be made. Makes nothing.
void check_new_run(const std::string& path);

}  // namespace pcnn

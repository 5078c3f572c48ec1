#pragma once

#include <string>
#include <string_view>

namespace pcnn {

// Throws ConfigError unless the name of the file to write ends so, in upper or lower case. option:
// "--scores", for the message; ending: ".csv".
void check_ending(const std::string& path, std::string_view option, std::string_view ending);

// Everything that can be wrong with a file to write to, before the work is done. Throws ConfigError where it
// exists and is not to be overwritten, is a folder, or has no folder to be in; FileError where that cannot be
// written to. Removes what a killed process left half-written of it.
void check_result_file(const std::string& path, bool overwrite);

// However the two are spelt; whether they exist or not.
[[nodiscard]] bool is_same_file(const std::string& a, const std::string& b);

}  // namespace pcnn

#pragma once

#include <string>
#include <string_view>

namespace pcnn {

// Where one model is wanted and the directory is a sweep's (see sweep/sweep_directory.h): throws ConfigError
// that names its best trial, in a command that begins with `command`: "pcnn-eval ", "--resume ". Nothing
// happens for any other path.
void refuse_sweep(const std::string& path, std::string_view command);

}  // namespace pcnn

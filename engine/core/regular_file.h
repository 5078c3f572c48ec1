#pragma once

#include <string>

namespace pcnn {

// Refuses what is not there, and a directory, pipe, device or socket, of which reading may never end. Whether
// it may be read shows when it is. Throws FileError.
void require_regular_file(const std::string& path);

// The descriptor of a regular file opened for reading, which the caller closes. Throws FileError, in the same
// words.
[[nodiscard]] int open_regular_file(const std::string& path);

}  // namespace pcnn

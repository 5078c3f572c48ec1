#pragma once

#include <string>

namespace pcnn::testing {

// Where the project lies, for tests that read its configs and scripts.
[[nodiscard]] std::string source_directory();

}  // namespace pcnn::testing

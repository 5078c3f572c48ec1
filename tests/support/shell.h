#pragma once

#include <string>

namespace pcnn::testing {

struct Outcome {
  int exit_code = -1;  // -1: a signal ended it
  std::string output;  // standard output; with `2>&1` in the command, errors too
};

// Runs a command in sh and waits for its end.
[[nodiscard]] Outcome shell(const std::string& command);

}  // namespace pcnn::testing

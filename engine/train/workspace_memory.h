#pragma once

#include <string>

#include "engine/compile/batch/program.h"

namespace pcnn {

// Throws ConfigError where this machine has no memory for so many workspaces of the program, which holds
// images of this size: "DOING 4 images of 28x28 on each of 2 threads takes 3.2 GB ...". Before one is made.
void require_memory_for_workspaces(const Program& program, const Network& network, int threads,
                                   const std::string& doing);

}  // namespace pcnn

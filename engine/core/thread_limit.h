#pragma once

#include <cstddef>

namespace pcnn {

// Throws Error, saying how many there may be and what to set, where the system does not let this process have
// so many threads, the calling one among them: oneTBB would end the process later. Starts them with a stack
// of so many bytes each, and ends them again.
void require_threads(int threads, std::size_t stack_bytes);

// Of `cores` that this process may use, those that are left to it where a launcher of MPI has put several
// processes on this machine and bound none of them to cores of its own: at least 1. bound: the cores of its
// affinity mask.
[[nodiscard]] int share_of_cores(int cores, int bound);

}  // namespace pcnn

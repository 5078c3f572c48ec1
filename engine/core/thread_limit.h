#pragma once

#include <sched.h>

#include <cstddef>
#include <span>

namespace pcnn {

// Throws Error, saying how many there may be and what to set, where the system does not let this process have
// so many threads, the calling one among them: oneTBB would end the process later. Starts them with a stack
// of so many bytes each, and ends them again.
void require_threads(int threads, std::size_t stack_bytes);

// How many cores are left to each of several processes of one machine that compute at once, by their affinity
// masks: a core that one alone may use is its own, others are shared out evenly. At least 1.
[[nodiscard]] int share_of_cores(std::span<const cpu_set_t> masks, std::size_t process);

// What a process counts on where it computes beside others of its launch.
struct CoreShare {
  int cores;          // of those in its affinity mask
  int processes = 1;  // that share the quota of its control groups
};
// Of this process, from now on. Before it has other threads.
void set_core_share(CoreShare share);
// Of `cores` that the mask has under this quota, those that are this process's: at least 1.
[[nodiscard]] int shared_cores(int cores, double quota);

}  // namespace pcnn

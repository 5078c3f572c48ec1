#include "engine/core/thread_limit.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <latch>
#include <limits>
#include <string>
#include <vector>

#include "engine/core/cgroup.h"
#include "engine/core/digits.h"
#include "engine/core/error.h"

namespace pcnn {
namespace {

// All started are there until the last has been.
void* wait_for_the_last(void* gate) {
  static_cast<std::latch*>(gate)->wait();
  return nullptr;
}

}  // namespace

void require_threads(int threads, std::size_t stack_bytes) {
  std::latch gate(1);
  std::vector<pthread_t> started;
  started.reserve(static_cast<std::size_t>(threads));
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, stack_bytes);
  int failure = 0;
  for (int i = 1; i < threads && failure == 0; ++i) {
    pthread_t thread{};
    failure = ::pthread_create(&thread, &attributes, wait_for_the_last, &gate);
    if (failure == 0) started.push_back(thread);
  }
  gate.count_down();
  for (const pthread_t thread : started) ::pthread_join(thread, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (failure == 0) return;
  const std::string most = std::to_string(started.size() + 1);
  throw Error(counted(threads, "thread") + " asked for, and the system gives no more than " + most + " (" +
              std::strerror(failure) + "): set threads to " + most +
              " (--threads, or threads= of a config), or raise the limit: ulimit -u, the pids limit of a "
              "container, or ulimit -v for their stacks");
}

int share_of_cores(std::span<const cpu_set_t> masks, std::size_t process) {
  std::vector<int> shares(masks.size());
  for (std::size_t core = 0; core < CPU_SETSIZE; ++core) {
    std::size_t least = masks.size();  // of those that may use the core, the one with the fewest so far
    for (std::size_t i = 0; i < masks.size(); ++i)
      if (CPU_ISSET(core, &masks[i]) && (least == masks.size() || shares[i] < shares[least])) least = i;
    if (least < masks.size()) ++shares[least];
  }
  return std::max(1, shares[process]);
}

namespace {

CoreShare core_share{.cores = std::numeric_limits<int>::max()};

}  // namespace

void set_core_share(CoreShare share) {
  core_share = share;
}

int shared_cores(int cores, double quota) {
  return cores_within(quota / core_share.processes, std::min(cores, core_share.cores));
}

}  // namespace pcnn

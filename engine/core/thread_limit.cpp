#include "engine/core/thread_limit.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <string>
#include <vector>

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

int share_of_cores(int cores, int bound) {
  const bool is_bound = bound < ::sysconf(_SC_NPROCESSORS_ONLN);
  int here = 1;  // processes of this launch on this machine
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_LOCAL_SIZE"})
    if (const char* const text = std::getenv(name)) here = std::max(here, std::atoi(text));
  return is_bound ? cores : std::max(1, cores / here);
}

}  // namespace pcnn

#pragma once

// The one place that knows how oneTBB and oneDNN share the machine: TBB runs independent pieces in parallel,
// and every oneDNN call inside a piece runs on the calling thread alone.

#include <cstddef>
#include <functional>
#include <memory>

namespace pcnn {

// Cores this process may use: the affinity mask, cut to the container's CPU quota (cgroup v1 and v2), at
// least 1.
[[nodiscard]] int available_threads();

// Treats denormal floats as zero on this thread and on TBB arenas made after the call. Call it first in
// main().
void flush_denormals_to_zero();

// Worker threads, so many; throws Error where the system gives fewer. run() and parallel_for() execute on
// them, one thread to a oneDNN call; whatever creates or executes oneDNN primitives must be inside of them.
class Workers {
 public:
  explicit Workers(int threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] int threads() const;
  // Runs the function inside the arena and waits; exceptions come through.
  void run(const std::function<void()>& function) const;
  // Inside run() or parallel_for(): which of the threads() workers is calling, from 0. A body that starts no
  // other parallel work has the worker's index to itself until it returns.
  [[nodiscard]] static int current();
  // body(i) for every i in [0, count), any order, in parallel.
  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Holds the calling thread's oneDNN calls to one thread for the guard's lifetime.
class SingleThreadedCompute {
 public:
  SingleThreadedCompute();
  ~SingleThreadedCompute();
  SingleThreadedCompute(const SingleThreadedCompute&) = delete;
  SingleThreadedCompute& operator=(const SingleThreadedCompute&) = delete;

 private:
  int previous_ = 0;
};

}  // namespace pcnn

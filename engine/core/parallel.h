#pragma once

// The one place that knows how oneTBB and oneDNN share the machine: TBB runs independent pieces in parallel,
// and every oneDNN call inside a piece runs on the calling thread alone.

#include <cstddef>
#include <functional>
#include <memory>

namespace pcnn {

// Cores this process may use: the affinity mask, cut to the container's CPU quota (cgroup v1 and v2) and to
// this process's share among those of its launch (thread_limit.h), at least 1.
[[nodiscard]] int available_threads();

// Treats denormal floats as zero on this thread and on TBB arenas made after the call. Call it first in
// main().
void flush_denormals_to_zero();

// A fixed number of worker threads, the caller's among them; throws Error where the system gives fewer.
// Exceptions of bodies come through. A body that waits for parallel work of its own is given no other body
// meanwhile, so that at most threads() of them are begun at any time; what they work in they borrow from a
// Pool. Thread-safe.
class Workers {
 public:
  explicit Workers(int threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] int threads() const;
  // body(i) for every i in [0, count), any order, in parallel.
  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) const;
  // compute(i) for every i in [0, count), any order, in parallel, and join(left, right), which adds what
  // stands for piece `right` to what stands for `left` < `right`, until `0` stands for all. The tree of joins
  // follows from count alone: it halves ranges down to single pieces. Nothing is called where count is 0.
  void parallel_reduce(std::size_t count, const std::function<void(std::size_t)>& compute,
                       const std::function<void(std::size_t left, std::size_t right)>& join) const;
  // body() once for each thread, on all of them at the same time; where one does not come within a fifth of a
  // second, twice on another.
  void on_each_thread(const std::function<void()>& body) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Runs oneDNN calls on the calling thread alone, whichever runtime its threads are of: OpenMP, TBB or none.
// Primitives remember the thread count of their creation, so they are created and executed inside run().
class SingleThreadedCompute {
 public:
  SingleThreadedCompute();
  ~SingleThreadedCompute();
  SingleThreadedCompute(SingleThreadedCompute&&) noexcept;

  // One caller at a time; exceptions come through.
  void run(const std::function<void()>& calls) const;

 private:
  struct Arena;
  std::unique_ptr<Arena> arena_;  // none but with TBB
};

}  // namespace pcnn

#pragma once

#include <functional>
#include <set>
#include <string>

#include "engine/run/console.h"
#include "engine/run/run_lock.h"

namespace pcnn {

// Writes what shows a run or a sweep, and what it can do without: where such a file cannot be written, one
// line says so, the first time, and the work goes on.
// One thread at a time. What its constructor takes must outlive it.
class BestEffort {
 public:
  BestEffort(const RunLock& lock, Console& console) : lock_(lock), console_(console) {}

  // Calls write(). Throws LostDirectory where the directory is no longer there, and no other Error.
  void operator()(const std::function<void()>& write);

 private:
  const RunLock& lock_;
  Console& console_;
  std::set<std::string> reported_failures_;
};

}  // namespace pcnn

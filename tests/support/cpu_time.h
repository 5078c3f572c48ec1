#pragma once

#include <ctime>

namespace pcnn::testing {

// CPU seconds that this process spends in the call, all threads together: little moved by what else runs.
template <typename Call>
double cpu_seconds(const Call& call) {
  const std::clock_t start = std::clock();
  call();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

}  // namespace pcnn::testing

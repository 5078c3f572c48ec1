#pragma once

#include <cstdint>

namespace pcnn {

// More steps than any run takes: the limit of budgets, and of what files say of runs.
inline constexpr std::int64_t kMostSteps = 1'000'000'000'000;

}  // namespace pcnn

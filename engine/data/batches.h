#pragma once

#include <cstdint>
#include <vector>

#include "engine/core/random.h"

namespace pcnn {

// A uniform permutation of [0, count), a pure function of the arguments; `round` gives another one of the
// same stream (Fisher and Yates, in Durstenfeld's form).
[[nodiscard]] std::vector<int> permutation(int count, const RandomStream& stream, int round);

// The order in which an epoch visits its images.
[[nodiscard]] std::vector<int> epoch_order(int count, std::uint64_t seed, int epoch);

}  // namespace pcnn

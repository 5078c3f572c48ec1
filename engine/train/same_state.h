#pragma once

// Whether all ranks train the same network still. Each applies the same updates to its own parameters; a
// fault of memory or of a network link would part them without a word, and what rank 0 saves would no longer
// be what the others compute with.

#include <cstdint>
#include <span>

#include "engine/core/parallel.h"
#include "engine/ranks/team.h"

namespace pcnn {

struct StateBuffer;

// A checksum of every bit of the state; the same on any number of threads.
[[nodiscard]] std::uint32_t state_checksum(std::span<const StateBuffer> state, const Workers& workers);

// On rank 0: compares its checksum with that of each of the others, which post it with post_checksum().
// Throws ComputeError that names the rank whose state is not the others', and the step.
void check_same_state(Team team, std::uint32_t own, std::int64_t step);
// On the others.
void post_checksum(Team team, std::uint32_t own);

}  // namespace pcnn

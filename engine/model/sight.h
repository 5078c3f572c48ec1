#pragma once

// The sight of a node (see mask.h) follows from what its op reads.

#include <vector>

#include "engine/model/mask.h"

namespace pcnn {

struct Network;
struct Node;

// Of a map that reads a source of this sight through one tap.
[[nodiscard]] Sight seen_through(const Tap& tap, Sight source);

// Of every node, and of the next one when the sights of those before it are known.
[[nodiscard]] std::vector<Sight> sights(const Network& network);
[[nodiscard]] Sight sight_of(const Node& node, const std::vector<Sight>& before);

}  // namespace pcnn

#pragma once

#include <map>
#include <set>
#include <utility>

#include "engine/model/network.h"

namespace pcnn {

// (rows down, columns right) relative to the pixel whose logits are asked for; causal fields have only
// negative rows, or row 0 and negative columns, and (0, 0) where the channels before that of the logit are
// seen.
using Offset = std::pair<int, int>;

// The offsets that a logit of this channel group can depend on somewhere in an image of the network's size.
// Walks the graph from the logits back to the image, so blind spots of the masks are seen as they are.
[[nodiscard]] std::set<Offset> receptive_field(const Network& network, int group = 0);

// How far up, and for each such distance how far to the sides, kernels without masks would reach from the
// logits in an image of the network's size; only the pairs that no other pair includes.
using Reach = std::map<int, int>;
[[nodiscard]] Reach unmasked_reach(const Network& network);

}  // namespace pcnn

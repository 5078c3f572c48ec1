#include "engine/model/sight.h"

#include <algorithm>

#include "engine/core/index.h"
#include "engine/model/network.h"

namespace pcnn {

Sight seen_through(const Tap& tap, Sight source) {
  if (source == Sight::kGiven || tap.groups == GroupsRead::kNone) return Sight::kGiven;
  if (source == Sight::kLater || tap.down > 0) return Sight::kLater;
  if (tap.down < 0) return Sight::kAbove;
  if (source == Sight::kAbove) return Sight::kAbove;
  if (tap.right != 0) return tap.right < 0 ? Sight::kBefore : Sight::kLater;
  switch (tap.groups) {
    case GroupsRead::kEarlier:
      return Sight::kBefore;
    case GroupsRead::kAll:
      return Sight::kItself;  // the last group sees all the others of the pixel
    default:
      return source;
  }
}

Sight sight_of(const Node& node, const std::vector<Sight>& before) {
  Sight sight = own_sight(node.op);
  for (const Reads& input : reads(node.op))
    for (const Tap& tap : input.taps)
      sight = std::max(sight, seen_through(tap, before[to_index(input.node)]));
  // Of its own results: until none adds to what the others see.
  for (Sight seen = sight;; sight = seen) {
    for (const Tap& tap : own_taps(node.op)) seen = std::max(seen, seen_through(tap, sight));
    if (seen == sight) return sight;
  }
}

std::vector<Sight> sights(const Network& network) {
  std::vector<Sight> sights;
  for (const Node& node : network.nodes) sights.push_back(sight_of(node, sights));
  return sights;
}

}  // namespace pcnn

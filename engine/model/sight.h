#pragma once

// What the maps of a node may depend on, at row y, column x (and in channel group g, see mask.h):
//
//     above        before       itself        # may be seen
//     # # # # #    # # # # #    # # # # #     @ row y, column x; seen where `itself` is
//     # # # # #    # # # # #    # # # # #
//     . . @ . .    # # @ . .    # # # . .
//     . . . . .    . . . . .    . . . . .
//
// The sight of a node follows from what its op reads. Logits must not see further than `before`.

#include <vector>

#include "engine/model/mask.h"

namespace pcnn {

struct Network;

// Each includes the ones before it.
enum class Sight {
  kGiven,   // no pixel at all
  kAbove,   // the rows above y, whole
  kBefore,  // pixels before (y, x) in raster order, and of its own pixel the groups before g
  kItself,  // the pixel too: the image, and what is read from it without mask A
  kLater,   // pixels after it: nothing that could be drawn from
};

// Of a map that reads a source of this sight through one tap.
[[nodiscard]] Sight seen_through(const Tap& tap, Sight source);

// Of every node.
[[nodiscard]] std::vector<Sight> sights(const Network& network);

}  // namespace pcnn

#pragma once

// Sums over pieces that several ranks hold, added along the tree of Workers::parallel_reduce: it halves the
// pieces down to single ones, so that the bits are those of one process.

#include <cstddef>
#include <span>
#include <vector>

#include "engine/ranks/team.h"

namespace pcnn {

// The largest nodes of the tree over `pieces` that lie within `own`, in their order: what a rank can add by
// itself.
[[nodiscard]] std::vector<Range> whole_nodes(std::size_t pieces, Range own);

// Adds up what the ranks hold, of which each has share_of(pieces, rank, size) of the pieces. own: the sums of
// this rank's whole_nodes(), each as long as `sum`. Every rank receives all of the sum. Each rank adds a part
// of the values, so that each sends and receives about twice their number, however many ranks there are.
// Called by all ranks.
void sum_over_ranks(Ranks& ranks, std::size_t pieces, std::span<const std::span<const float>> own,
                    std::span<float> sum);
// The same of one number each.
[[nodiscard]] double sum_over_ranks(Ranks& ranks, std::size_t pieces, std::span<const double> own);

}  // namespace pcnn

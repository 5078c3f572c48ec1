#include "engine/train/rank_sum.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace pcnn {
namespace {

// As tbb::blocked_range halves.
std::size_t middle(Range node) {
  return node.begin + node.size() / 2;
}

void add_whole_nodes(Range node, Range own, std::vector<Range>& nodes) {
  if (node.end <= own.begin || own.end <= node.begin) return;
  if (own.begin <= node.begin && node.end <= own.end) {
    nodes.push_back(node);
    return;
  }
  add_whole_nodes({node.begin, middle(node)}, own, nodes);
  add_whole_nodes({middle(node), node.end}, own, nodes);
}

std::vector<std::vector<Range>> nodes_of_ranks(std::size_t pieces, int ranks) {
  std::vector<std::vector<Range>> nodes;
  for (int rank = 0; rank < ranks; ++rank)
    nodes.push_back(whole_nodes(pieces, share_of(pieces, rank, ranks)));
  return nodes;
}

// leaves: for each of `nodes`, in their order, `each` values, which are added to.
template <typename Value>
class TreeSum {
 public:
  TreeSum(std::span<const Range> nodes, std::span<Value> leaves, std::size_t each)
      : nodes_(nodes), leaves_(leaves), each_(each) {}

  // Where the sum over a node is. Once, of the root.
  std::span<Value> of(Range node) {
    assert(next_ < nodes_.size());
    if (nodes_[next_] == node) return leaves_.subspan(next_++ * each_, each_);
    const std::span<Value> left = of({node.begin, middle(node)});
    const std::span<const Value> right = of({middle(node), node.end});
    for (std::size_t i = 0; i < each_; ++i) left[i] += right[i];
    return left;
  }

 private:
  std::span<const Range> nodes_;
  std::span<Value> leaves_;
  std::size_t each_;
  std::size_t next_ = 0;
};

}  // namespace

std::vector<Range> whole_nodes(std::size_t pieces, Range own) {
  std::vector<Range> nodes;
  if (pieces > 0 && own.size() > 0) add_whole_nodes({0, pieces}, own, nodes);
  return nodes;
}

void sum_over_ranks(Ranks& ranks, std::size_t pieces, std::span<const std::span<const float>> own,
                    std::span<float> sum) {
  const int size = ranks.size(), here = ranks.rank();
  const auto part_of = [&](int rank) { return share_of(sum.size(), rank, size); };
  const Range part = part_of(here);
  std::vector<Range> nodes;
  std::vector<float> leaves;  // [node of all ranks][value of the part that is added here]
  std::vector<Ranks::Incoming> receives;
  std::vector<Ranks::Outgoing> sends;
  const std::vector<std::vector<Range>> all = nodes_of_ranks(pieces, size);
  for (const std::vector<Range>& theirs : all) nodes.insert(nodes.end(), theirs.begin(), theirs.end());
  leaves.resize(nodes.size() * part.size());
  std::size_t leaf = 0;
  for (int rank = 0; rank < size; ++rank)
    for (std::size_t node = 0; node < all[static_cast<std::size_t>(rank)].size(); ++node, ++leaf) {
      const std::span<float> to = std::span(leaves).subspan(leaf * part.size(), part.size());
      if (rank == here)
        std::ranges::copy(own[node].subspan(part.begin, part.size()), to.begin());
      else if (!to.empty())
        receives.push_back({rank, to});
    }
  for (int rank = 0; rank < size; ++rank)
    for (const std::span<const float> values : own)
      if (const Range theirs = part_of(rank); rank != here && theirs.size() > 0)
        sends.push_back({rank, values.subspan(theirs.begin, theirs.size())});
  ranks.transfer(sends, receives);

  const std::span<const float> added = TreeSum<float>(nodes, leaves, part.size()).of({0, pieces});
  std::ranges::copy(added, sum.subspan(part.begin, part.size()).begin());
  sends.clear();
  receives.clear();
  for (int rank = 0; rank < size; ++rank) {
    if (rank == here) continue;
    if (part.size() > 0) sends.push_back({rank, sum.subspan(part.begin, part.size())});
    if (const Range theirs = part_of(rank); theirs.size() > 0)
      receives.push_back({rank, sum.subspan(theirs.begin, theirs.size())});
  }
  ranks.transfer(sends, receives);
}

double sum_over_ranks(Ranks& ranks, std::size_t pieces, std::span<const double> own) {
  constexpr std::size_t kFloats = sizeof(double) / sizeof(float);  // that carry the bytes of a double
  const int size = ranks.size(), here = ranks.rank();
  const std::vector<std::vector<Range>> all = nodes_of_ranks(pieces, size);
  std::vector<std::vector<float>> carried;
  for (const std::vector<Range>& theirs : all) carried.emplace_back(theirs.size() * kFloats);
  if (!own.empty()) std::memcpy(carried[static_cast<std::size_t>(here)].data(), own.data(), own.size_bytes());
  std::vector<Ranks::Incoming> receives;
  std::vector<Ranks::Outgoing> sends;
  for (int rank = 0; rank < size; ++rank) {
    if (rank == here) continue;
    if (!own.empty()) sends.push_back({rank, carried[static_cast<std::size_t>(here)]});
    if (std::vector<float>& theirs = carried[static_cast<std::size_t>(rank)]; !theirs.empty())
      receives.push_back({rank, theirs});
  }
  ranks.transfer(sends, receives);
  std::vector<Range> nodes;
  std::vector<double> leaves;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    nodes.insert(nodes.end(), all[rank].begin(), all[rank].end());
    const std::size_t at = leaves.size();
    leaves.resize(at + all[rank].size());
    if (!all[rank].empty())
      std::memcpy(leaves.data() + at, carried[rank].data(), all[rank].size() * sizeof(double));
  }
  return TreeSum<double>(nodes, leaves, 1).of({0, pieces})[0];
}

}  // namespace pcnn

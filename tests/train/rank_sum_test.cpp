#include "engine/train/rank_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/core/parallel.h"
#include "tests/support/random.h"
#include "tests/support/thread_ranks.h"

namespace pcnn {
namespace {

TEST(ShareOf, CutsPiecesIntoSharesThatDifferByAtMostOne) {
  for (std::size_t pieces = 0; pieces < 40; ++pieces)
    for (int ranks = 1; ranks < 8; ++ranks) {
      std::size_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Range share = share_of(pieces, rank, ranks);
        EXPECT_EQ(share.begin, next);
        EXPECT_LE(share.size(), pieces / static_cast<std::size_t>(ranks) + 1);
        EXPECT_GE(share.size(), pieces / static_cast<std::size_t>(ranks));
        next = share.end;
      }
      EXPECT_EQ(next, pieces);
    }
  EXPECT_EQ(share_of(10, 4, 0, 2), (Range{0, 8}));
  EXPECT_EQ(share_of(10, 4, 1, 2), (Range{8, 10}));
  EXPECT_EQ(share_of(1, 0, 5), (Range{0, 1}));
}

// By other means than whole_nodes(): all nodes of the tree, and of those within a share the ones whose parent
// is not.
void collect(Range node, bool parent_is_within, Range own, std::vector<Range>& nodes) {
  const bool within = own.begin <= node.begin && node.end <= own.end;
  if (within && !parent_is_within) nodes.push_back(node);
  if (node.size() < 2) return;
  const std::size_t middle = node.begin + node.size() / 2;
  collect({node.begin, middle}, within, own, nodes);
  collect({middle, node.end}, within, own, nodes);
}

TEST(WholeNodes, AreTheLargestOfTheTreeWithinAShare) {
  for (std::size_t pieces = 1; pieces < 40; ++pieces)
    for (int ranks = 1; ranks < 8; ++ranks)
      for (int rank = 0; rank < ranks; ++rank) {
        const Range own = share_of(pieces, rank, ranks);
        std::vector<Range> nodes;
        if (own.size() > 0) collect({0, pieces}, false, own, nodes);
        EXPECT_EQ(whole_nodes(pieces, own), nodes) << pieces << " pieces, rank " << rank << " of " << ranks;
      }
}

// Of each piece, far enough apart in size that the order of additions shows.
std::vector<std::vector<float>> values_of_pieces(std::size_t pieces, std::size_t values) {
  testing::Random random(pieces * 100 + values);
  std::vector<std::vector<float>> all(pieces, std::vector<float>(values));
  for (std::vector<float>& piece : all)
    for (float& value : piece)
      value = random.uniform(-1.0f, 1.0f) * (random.between(0, 1) == 0 ? 1.0f : 1e4f);
  return all;
}

// As one process adds them.
std::vector<float> sum_of(std::vector<std::vector<float>> pieces, std::size_t first, std::size_t count) {
  const Workers workers(2);
  workers.parallel_reduce(
      count, [](std::size_t) {},
      [&](std::size_t left, std::size_t right) {
        for (std::size_t i = 0; i < pieces[first].size(); ++i)
          pieces[first + left][i] += pieces[first + right][i];
      });
  return pieces[first];
}

// Of a number for each piece, along the tree.
double sum_of_doubles(std::size_t first, std::size_t count) {
  if (count == 1) return 1.0 / (3.0 + static_cast<double>(first)) * (first % 3 == 0 ? 1e12 : 1.0);
  return sum_of_doubles(first, count / 2) + sum_of_doubles(first + count / 2, count - count / 2);
}

TEST(SumOverRanks, HasTheBitsOfOneProcess) {
  bool order_matters = false;
  for (const std::size_t pieces : {1, 2, 3, 7, 16, 25})
    for (const std::size_t values : {1, 4, 103})
      for (const int size : {1, 2, 3, 5, 8}) {
        const std::vector<std::vector<float>> all = values_of_pieces(pieces, values);
        const std::vector<float> expected = sum_of(all, 0, pieces);
        std::vector<float> in_a_row(values);
        for (const std::vector<float>& piece : all)
          for (std::size_t i = 0; i < values; ++i) in_a_row[i] += piece[i];
        order_matters = order_matters || in_a_row != expected;
        testing::run_ranks(size, [&](Ranks& ranks) {
          std::vector<std::vector<float>> sums;
          std::vector<double> doubles;
          for (const Range node : whole_nodes(pieces, share_of(pieces, ranks.rank(), size))) {
            sums.push_back(sum_of(all, node.begin, node.size()));
            doubles.push_back(sum_of_doubles(node.begin, node.size()));
          }
          std::vector<float> sum(values, -1.0f);
          sum_over_ranks(ranks, pieces, std::vector<std::span<const float>>(sums.begin(), sums.end()), sum);
          EXPECT_EQ(sum, expected) << pieces << " pieces of " << values << " on " << size << " ranks";
          EXPECT_EQ(sum_over_ranks(ranks, pieces, doubles), sum_of_doubles(0, pieces));
        });
      }
  EXPECT_TRUE(order_matters);
}

}  // namespace
}  // namespace pcnn

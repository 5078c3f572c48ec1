#include "engine/model/sight.h"

#include <gtest/gtest.h>

#include "engine/model/network_builder.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

// What the rule says, by brute force: which pixels around (0, 0), given by (row, column) in reach, a map of
// this sight may depend on.
bool may_see(Sight sight, int row, int column) {
  switch (sight) {
    case Sight::kGiven:
      return false;
    case Sight::kAbove:
      return row < 0;
    case Sight::kBefore:
      return row < 0 || (row == 0 && column < 0);
    case Sight::kItself:
      return row < 0 || (row == 0 && column <= 0);
    case Sight::kLater:
      break;
  }
  return true;
}

constexpr Sight kSights[] = {Sight::kGiven, Sight::kAbove, Sight::kBefore, Sight::kItself, Sight::kLater};

TEST(Sight, ThroughATapIsTheLeastThatHoldsWhatTheSourceSeesThere) {
  constexpr int kReach = 6;  // of a row; the image goes on to both sides
  for (const Sight source : kSights)
    for (int down = -2; down <= 1; ++down)
      for (int right = -2; right <= 2; ++right) {
        const Sight seen = seen_through({down, right, GroupsRead::kUpToOwn}, source);
        const auto holds = [&](Sight sight) {
          for (int row = -4; row <= 2; ++row)
            for (int column = -kReach; column <= kReach; ++column)
              if (may_see(source, row - down, column - right) && !may_see(sight, row, column)) return false;
          return true;
        };
        EXPECT_TRUE(holds(seen)) << "down " << down << ", right " << right;
        // One column to the right a source that sees `before` has seen earlier groups of that later pixel.
        if (source == Sight::kBefore && down == 0 && right == 1) continue;
        for (const Sight less : kSights)
          EXPECT_FALSE(less < seen && holds(less))
              << "down " << down << ", right " << right << ", source " << static_cast<int>(source);
      }
}

TEST(Sight, OfItsOwnPixelHangsOnTheChannelGroupsRead) {
  const auto own = [](GroupsRead groups, Sight source) { return seen_through({0, 0, groups}, source); };
  EXPECT_EQ(own(GroupsRead::kEarlier, Sight::kItself), Sight::kBefore);
  EXPECT_EQ(own(GroupsRead::kUpToOwn, Sight::kItself), Sight::kItself);
  EXPECT_EQ(own(GroupsRead::kOwn, Sight::kBefore), Sight::kBefore);
  EXPECT_EQ(own(GroupsRead::kAll, Sight::kBefore), Sight::kItself);  // a later group has seen its own
  EXPECT_EQ(own(GroupsRead::kNone, Sight::kItself), Sight::kGiven);
}

TEST(Sight, OfRandomGraphsIsWhatTheirNodesRead) {
  testing::Random random(41);
  for (int round = 0; round < 60; ++round) {
    Network network = testing::random_graph(random, Activation::kRelu);
    network.image_height = network.image_width = 5;
    const std::vector<Sight> sight = sights(network);
    for (int node = 1; node < static_cast<int>(network.nodes.size()); ++node) {
      Network part = network;
      part.nodes.resize(static_cast<std::size_t>(node) + 1);
      part.logits = node;
      const std::vector<std::vector<bool>> reads = testing::places_read(part);
      Sight least = Sight::kGiven;  // that holds all that is read of the pixels, by any of their groups
      const int places = 25 * network.groups;
      for (int to = 0; to < places; ++to)
        for (int from = 0; from < places; ++from) {
          if (!reads[static_cast<std::size_t>(to)][static_cast<std::size_t>(from)]) continue;
          const int row = from / network.groups / 5 - to / network.groups / 5;
          const Sight needed = from > to    ? Sight::kLater
                               : from == to ? Sight::kItself
                               : row == 0   ? Sight::kBefore
                                            : Sight::kAbove;
          least = std::max(least, needed);
        }
      const Sight found = sight[static_cast<std::size_t>(node)];
      EXPECT_TRUE(found == least || (network.groups > 1 && found > least)) << network.node(node).name;
    }
  }
}

TEST(Sight, OfAKernelOfOneColumnEndsAboveItsRow) {
  NetworkBuilder builder(1, 6, 6, Activation::kRelu, 0.0f);
  const int first = builder.masked_conv("first", 0, MaskType::kA, {3, 1}, 2);
  const int second = builder.masked_conv("second", first, MaskType::kB, {3, 3}, 2);
  const int third = builder.masked_conv("third", builder.masked_conv("image", 0, MaskType::kA, {1, 3}, 2),
                                        MaskType::kB, {1, 1}, 2);
  const int last = builder.add("sum", second, third);
  const std::vector<Sight> sight = sights(std::move(builder).finish(last));
  EXPECT_EQ(sight[static_cast<std::size_t>(first)], Sight::kAbove);
  EXPECT_EQ(sight[static_cast<std::size_t>(second)], Sight::kAbove);
  EXPECT_EQ(sight[static_cast<std::size_t>(third)], Sight::kBefore);
  EXPECT_EQ(sight[static_cast<std::size_t>(last)], Sight::kBefore);
}

}  // namespace
}  // namespace pcnn

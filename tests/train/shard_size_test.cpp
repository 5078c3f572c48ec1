#include "engine/train/shard_size.h"

#include <gtest/gtest.h>

#include "engine/model/network_builder.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

Network tutorial_network_at(int side) {
  ModelConfig config;
  config.blocks = {{7, ResidualBlockConfig{{3, 3}, 64}}};
  return build_network(config, 1, side, side);
}

TEST(ShardSize, IsFourForSmallNetworksAndTheTutorials) {
  EXPECT_EQ(chosen_shard_images(testing::small_network(5, 4), 64), 4);
  EXPECT_EQ(chosen_shard_images(testing::tutorial_network(), 64), 4);
}

TEST(ShardSize, FallsAsImagesGrow) {
  EXPECT_EQ(chosen_shard_images(tutorial_network_at(40), 64), 2);
  EXPECT_EQ(chosen_shard_images(tutorial_network_at(64), 64), 1);
  EXPECT_EQ(chosen_shard_images(tutorial_network_at(256), 64), 1) << "beyond any budget";
}

TEST(ShardSize, DividesTheBatch) {
  const Network network = testing::small_network(5, 4);
  for (const auto& [batch, size] : {std::pair{1, 1}, {2, 2}, {3, 3}, {7, 1}, {9, 3}, {10, 2}, {100, 4}})
    EXPECT_EQ(chosen_shard_images(network, batch), size) << batch;
}

TEST(ShardSize, IsTheConfigsWhereThatNamesOne) {
  const Network network = testing::small_network(5, 4);
  EXPECT_EQ(shard_images({.batch = 10}, network), 2);
  EXPECT_EQ(shard_images({.batch = 10, .shard_images = 16}, network), 16);
}

}  // namespace
}  // namespace pcnn

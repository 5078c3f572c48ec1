#include "engine/model/ops/lstm.h"

#include <gtest/gtest.h>

#include "engine/model/network_builder.h"
#include "engine/model/receptive_field.h"
#include "engine/model/sight.h"

namespace pcnn {
namespace {

Network network_of(const std::variant<RowLstmBlockConfig, DiagonalLstmBlockConfig>& block, int repeat = 1) {
  ModelConfig config;
  config.input_kernel = {3, 3};
  config.input_filters = 8;
  config.blocks = {
      {repeat, std::visit([](const auto& any) -> decltype(BlockConfig::block) { return any; }, block)}};
  return build_network(config, 1, 9, 9);
}

int node_named(const Network& network, const std::string& name) {
  for (int node = 0; node < static_cast<int>(network.nodes.size()); ++node)
    if (network.node(node).name == name) return node;
  return -1;
}

TEST(LstmOp, SeesWhatItsStatesHaveSeen) {
  const Network rows = network_of(RowLstmBlockConfig{3, 4}),
                diagonals = network_of(DiagonalLstmBlockConfig{4});
  const auto sight = [](const Network& network, const char* name) {
    return sights(network)[to_index(node_named(network, name))];
  };
  EXPECT_EQ(sight(rows, "blocks.0.state"), Sight::kBefore);
  EXPECT_EQ(sight(diagonals, "blocks.0.state"), Sight::kBefore);
  EXPECT_EQ(sight(diagonals, "blocks.0.state_back"), Sight::kAbove);
}

// The classic mistake: what comes from the right edge has seen the rest of the row.
TEST(LstmOp, FromTheRightEdgeSeesLaterPixelsUnlessItIsMovedDown) {
  Network network = network_of(DiagonalLstmBlockConfig{4});
  std::get<LstmOp>(network.nodes[to_index(node_named(network, "blocks.0.state_back"))].op).down = 0;
  EXPECT_EQ(sights(network)[to_index(network.logits)], Sight::kLater);
}

// Rows see a triangle that widens by one column a row; diagonals see all, but for what the input layer left
// out of the very end of a row.
TEST(LstmOp, ReachesTheRowsAboveThroughItsStates) {
  const auto field = receptive_field(network_of(RowLstmBlockConfig{3, 4}));
  EXPECT_TRUE(field.contains({-5, -6}));
  EXPECT_TRUE(field.contains({-5, 5}));
  EXPECT_FALSE(field.contains({-5, 7}));
  EXPECT_TRUE(field.contains({0, -2}));
  EXPECT_FALSE(field.contains({0, -3}));
  const auto all = receptive_field(network_of(DiagonalLstmBlockConfig{4}));
  for (int down = -8; down <= 0; ++down)
    for (int right = -8; right <= 8; ++right) {
      const bool is_earlier = down < 0 || right < 0;
      const bool is_end_of_row_above = down == -1 && right == 8;
      EXPECT_EQ(all.contains({down, right}), is_earlier && !is_end_of_row_above) << down << " " << right;
    }
}

TEST(LstmOp, HasFourGatesForEachState) {
  const Network network = network_of(RowLstmBlockConfig{5, 6});
  const auto& op = std::get<LstmOp>(network.nodes[to_index(node_named(network, "blocks.0.state"))].op);
  EXPECT_EQ(network.parameters[to_index(op.weight)].name, "blocks.0.state.weight");
  EXPECT_EQ(network.parameters[to_index(op.weight)].shape, (std::vector{24, 6, 1, 5}));
  EXPECT_EQ(network.node(op.src).channels, 24);
  EXPECT_EQ(network.node(node_named(network, "blocks.0.state")).channels, 6);
}

}  // namespace
}  // namespace pcnn

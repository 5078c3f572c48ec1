#include "engine/model/ops/lstm.h"

#include <gtest/gtest.h>

#include "engine/model/network_builder.h"
#include "engine/model/receptive_field.h"
#include "engine/model/sight.h"
#include "tests/support/networks.h"
#include "tests/support/reference_network.h"

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

// Offsets from a pixel to those that its logit has a gradient of, over all pixels of an image.
std::set<Offset> pixels_with_gradient(const Network& network, testing::Random& random) {
  const std::vector<double> parameters = testing::widened(testing::random_parameters(random, network));
  const std::vector<double> pixels = testing::widened(testing::random_images(random, network, 1));
  const testing::ReferenceForward forward = testing::reference_forward(network, 1, parameters, pixels);
  const Shape logits = network.shape(network.logits, 1), image = network.shape(0, 1);
  std::set<Offset> field;
  for (int y = 0; y < image.h; ++y)
    for (int x = 0; x < image.w; ++x) {
      std::vector<double> diff(logits.size(), 0.0);
      diff[logits.offset(0, 0, y, x)] = 1.0;
      const std::vector<double> gradient =
          testing::reference_backward(network, 1, parameters, forward, diff).pixels;
      for (int row = 0; row < image.h; ++row)
        for (int column = 0; column < image.w; ++column)
          if (gradient[image.offset(0, 0, row, column)] != 0.0) field.emplace(row - y, column - x);
    }
  return field;
}

TEST(LstmOp, HasAFieldOfExactlyThePixelsWithAGradient) {
  testing::Random random(8);
  for (const auto& [height, width] : {std::pair{4, 5}, {1, 6}, {5, 1}, {2, 2}, {3, 7}})
    for (const char* kind : {"row_lstm", "diagonal_lstm"})
      for (const int repeat : {1, 2}) {
        ModelConfig config;
        config.activation = Activation::kTanh;
        config.input_kernel = {3, 3};
        config.input_filters = 3;
        config.blocks = testing::blocks_of_kind(kind, 2);
        config.blocks[0].repeat = repeat;
        config.output_filters = {};
        const Network network = build_network(config, 1, height, width);
        EXPECT_EQ(receptive_field(network), pixels_with_gradient(network, random))
            << kind << " " << repeat << " " << height << "x" << width;
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

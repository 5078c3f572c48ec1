#include "engine/model/receptive_field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/networks.h"

namespace pcnn {
namespace {

TEST(ReceptiveField, OfTheTutorialNetworkHas192OffsetsAndABlindSpot) {
  const std::set<Offset> field = receptive_field(testing::tutorial_network());
  EXPECT_EQ(field.size(), 192u);

  std::map<int, int> leftmost, rightmost;
  for (const auto& [down, right] : field) {
    leftmost[down] = std::min(leftmost[down], right);
    rightmost.try_emplace(down, right);
    rightmost[down] = std::max(rightmost[down], right);
  }
  EXPECT_EQ(leftmost.size(), 11u);  // ten rows above and its own
  const std::map<int, int> expected{{-10, 10}, {-9, 10}, {-8, 10}, {-7, 9}, {-6, 8}, {-5, 7},
                                    {-4, 6},   {-3, 5},  {-2, 4},  {-1, 3}, {0, -1}};
  EXPECT_EQ(rightmost, expected);
  for (const auto& [down, left] : leftmost) EXPECT_EQ(left, -10) << "row " << down;

  // Every earlier offset of the same box: what it would be without the blind spot.
  int earlier = 0;
  for (int down = -10; down <= 10; ++down)
    for (int right = -10; right <= 10; ++right) {
      const bool may_read = testing::may_read(MaskType::kA, down, right);
      earlier += may_read;
      EXPECT_TRUE(may_read || !field.contains({down, right}));
    }
  EXPECT_EQ(earlier, 220);
}

// Offsets from the middle of an image that holds the whole field whose pixels have a gradient. With tanh and
// continuous weights no gradient is zero by chance.
std::set<Offset> pixels_with_gradient(const Network& network, testing::Random& random) {
  const std::vector<double> parameters = testing::widened(testing::random_parameters(random, network));
  const std::vector<double> pixels = testing::widened(testing::random_images(random, network, 1));
  const testing::ReferenceForward forward = testing::reference_forward(network, 1, parameters, pixels);
  const int y = network.image_height / 2, x = network.image_width / 2;
  std::vector<double> diff_logits(network.shape(network.logits, 1).size(), 0.0);
  diff_logits[network.shape(network.logits, 1).offset(0, 0, y, x)] = 1.0;
  const std::vector<double> gradient =
      testing::reference_backward(network, 1, parameters, forward, diff_logits).pixels;
  std::set<Offset> field;
  for (int row = 0; row < network.image_height; ++row)
    for (int column = 0; column < network.image_width; ++column)
      if (gradient[network.shape(0, 1).offset(0, 0, row, column)] != 0.0) field.emplace(row - y, column - x);
  return field;
}

TEST(ReceptiveField, HoldsExactlyThePixelsThatHaveAGradient) {
  testing::Random random(6);
  const auto side = [&](int limit) { return 2 * random.between(0, limit / 2) + 1; };
  for (int round = 0; round < 25; ++round) {
    ModelConfig config;
    config.activation = Activation::kTanh;
    config.input_kernel = {side(5), 3 + 2 * random.between(0, 1)};
    config.input_filters = 3;
    config.blocks = {{random.between(0, 2), ResidualBlockConfig{{side(3), side(5)}, 2}},
                     {random.between(0, 1), MaskedConvBlockConfig{{side(5), side(3)}, 2}}};
    config.output_filters = {2};
    const Network network = build_network(config, 1, 17, 19);
    SCOPED_TRACE(testing::describe(network));
    EXPECT_EQ(receptive_field(network), pixels_with_gradient(network, random));
  }
}

TEST(ReceptiveField, FollowsEveryPathOfTheGraph) {
  NetworkBuilder builder(1, 9, 9, Activation::kTanh, 0.0f);
  const int left = builder.masked_conv("left", 0, MaskType::kA, {1, 3}, 2);
  const int above = builder.masked_conv("above", 0, MaskType::kA, {3, 1}, 2);
  const Network network = std::move(builder).finish(builder.add("both", left, above));
  EXPECT_EQ(receptive_field(network), (std::set<Offset>{{0, -1}, {-1, 0}}));
}

TEST(ReceptiveField, HoldsThePixelItselfForEveryChannelButTheFirst) {
  ModelConfig config;
  config.input_filters = 6;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 3}}};
  config.output_filters = {};
  const Network network = build_network(config, 3, 9, 9);
  const std::set<Offset> red = receptive_field(network, 0);
  EXPECT_FALSE(red.contains({0, 0}));
  std::set<Offset> with_own = red;
  with_own.emplace(0, 0);
  EXPECT_EQ(receptive_field(network, 1), with_own);
  EXPECT_EQ(receptive_field(network, 2), with_own);
}

// One look reaches every pixel before, those of the rows above to both sides.
TEST(ReceptiveField, OfAnAttentionHoldsEverythingEarlier) {
  testing::Random random(8);
  for (const auto& [height, width] : {std::pair{5, 7}, {1, 9}, {9, 1}, {1, 1}, {2, 2}})
    for (const int groups : {1, 3}) {
      ModelConfig config;
      config.activation = Activation::kTanh;
      config.input_kernel = {3, 3};
      config.input_filters = 6;
      config.blocks = {{1, AttentionBlockConfig{3, 2, 2}}};
      config.output_filters = {};
      if (groups > 1) config.head = {.kind = HeadKind::kSoftmax, .levels = 2};
      const Network network = build_network(config, groups, height, width);
      std::set<Offset> earlier;
      for (int down = 1 - height; down <= 0; ++down)
        for (int right = 1 - width; right < (down < 0 ? width : 0); ++right) earlier.emplace(down, right);
      EXPECT_EQ(receptive_field(network, 0), earlier) << height << "x" << width;
      EXPECT_EQ(unmasked_reach(network), (Reach{{height - 1, width - 1}}));
    }
}

TEST(ReceptiveField, ShowsTheLeakOfAnInputLayerWithMaskB) {
  NetworkBuilder builder(1, 9, 9, Activation::kTanh, 0.0f);
  const Network network = std::move(builder).finish(builder.masked_conv("leaky", 0, MaskType::kB, {3, 3}, 1));
  EXPECT_TRUE(receptive_field(network).contains({0, 0}));
}

}  // namespace
}  // namespace pcnn

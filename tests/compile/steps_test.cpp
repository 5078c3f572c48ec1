#include "engine/compile/steps.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <set>

#include "engine/core/index.h"
#include "engine/model/network_builder.h"
#include "engine/model/sight.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

// Nodes that a step computes.
std::vector<int> nodes_of(const Step& step) {
  if (const auto* condition = std::get_if<ConditionStep>(&step)) {
    std::set<int> nodes{condition->condition, condition->dst};
    return {nodes.begin(), nodes.end()};
  }
  const auto* conv = std::get_if<ConvStep>(&step);
  if (!conv) return {dst_of(step)};
  std::set<int> nodes{conv->conv, conv->before_sum, conv->dst};
  return {nodes.begin(), nodes.end()};
}

TEST(FuseSteps, ComputesEveryNodeOfRandomGraphsOnceAndAfterWhatItReads) {
  testing::Random random(51);
  for (int round = 0; round < 200; ++round) {
    const Network network = testing::random_graph(random, Activation::kRelu, {.classes = round % 2 ? 3 : 0});
    const std::vector<Sight> sight = sights(network);
    for (const bool sums : {false, true}) {
      std::vector<int> times(network.nodes.size(), 0);
      std::vector<bool> there(network.nodes.size(), false);
      there[0] = true;
      times[0] = 1;
      for (const Step& step : fuse_steps(network, sums)) {
        for (const Reads& input : reads(step)) {
          EXPECT_TRUE(there[to_index(input.node)]);
          EXPECT_LE(
              sight[to_index(input.node)] == Sight::kItself,
              sight[to_index(dst_of(step))] == Sight::kItself || !std::holds_alternative<AddStep>(step));
        }
        for (const int node : nodes_of(step)) ++times[to_index(node)];
        there[to_index(dst_of(step))] = true;  // what is inside a step nobody else may read
      }
      for (const int count : times) EXPECT_EQ(count, 1);
      EXPECT_TRUE(there[to_index(network.logits)]);
    }
  }
}

TEST(FuseSteps, OfAResidualBlockTakesActivationsAlongAndTheSkipWhereNothingIsDifferentiated) {
  ModelConfig config;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 8}}};
  const Network network = build_network(config, 1, 6, 6);
  const std::vector<Step> training = fuse_steps(network, false), inference = fuse_steps(network, true);
  ASSERT_EQ(training.size(), 7u);  // input, reduce, spatial, expand, add, output.0, logits
  ASSERT_EQ(inference.size(), 6u);
  EXPECT_TRUE(std::holds_alternative<AddStep>(training[4]));
  for (const std::size_t i : {0u, 1u, 2u, 3u}) {
    EXPECT_TRUE(std::get<ConvStep>(training[i]).activation);
    EXPECT_EQ(std::get<ConvStep>(training[i]).skip, -1);
  }
  const auto& expand = std::get<ConvStep>(inference[3]);
  EXPECT_EQ(network.node(expand.conv).name, "blocks.0.expand");
  EXPECT_EQ(network.node(expand.before_sum).name, "blocks.0.expand.activation");
  EXPECT_EQ(network.node(expand.dst).name, "blocks.0");
  EXPECT_EQ(network.node(expand.skip).name, "input.activation");
  EXPECT_FALSE(std::get<ConvStep>(inference.back()).activation);  // the caller reads the logits as they are
}

TEST(FuseSteps, GiveTheActivationAfterAConditionToIt) {
  ModelConfig config;
  config.condition.classes = 4;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 8}}};
  const Network network = build_network(config, 1, 6, 6);
  for (const bool sums : {false, true}) {
    const std::vector<Step> steps = fuse_steps(network, sums);
    ASSERT_EQ(steps.size(),
              sums ? 7u : 8u);  // input, reduce, spatial, condition, expand, add, output, logits
    EXPECT_FALSE(std::get<ConvStep>(steps[2]).activation);
    const auto& condition = std::get<ConditionStep>(steps[3]);
    EXPECT_TRUE(condition.activation);
    EXPECT_EQ(network.node(condition.op.src).name, "blocks.0.spatial");
    EXPECT_EQ(network.node(condition.condition).name, "blocks.0.condition");
    EXPECT_EQ(network.node(condition.dst).name, "blocks.0.condition.activation");
    for (const std::size_t i : {0u, 1u, 4u}) EXPECT_TRUE(std::get<ConvStep>(steps[i]).activation);
  }
}

TEST(FuseSteps, AreThoseOfANetworkWithoutDropoutWhereNothingIsDropped) {
  ModelConfig config;
  config.blocks = {{2, ResidualBlockConfig{{3, 3}, 8}}, {1, GatedBlockConfig{.filters = 8, .skip = true}}};
  const Network plain = build_network(config, 1, 6, 6);
  config.dropout = 0.5;
  const Network network = build_network(config, 1, 6, 6), without = without_dropout(network);
  EXPECT_EQ(network.nodes.size(), plain.nodes.size() + 3);
  ASSERT_EQ(without.nodes.size(), plain.nodes.size());
  EXPECT_EQ(without.logits, plain.logits);
  for (int node = 0; node < static_cast<int>(plain.nodes.size()); ++node) {
    EXPECT_EQ(without.node(node).name, plain.node(node).name);
    EXPECT_EQ(inputs(without.node(node).op), inputs(plain.node(node).op));
  }
  const std::vector<Step> training = fuse_steps(network, false);
  EXPECT_EQ(std::ranges::count_if(training,
                                  [](const Step& step) { return std::holds_alternative<DropoutStep>(step); }),
            3);
  EXPECT_EQ(training.size(), fuse_steps(plain, false).size() + 3);
}

TEST(FuseSteps, HandsOnTheTapsInRasterOrder) {
  ModelConfig config;
  config.input_kernel = {3, 5};
  const Network network = build_network(config, 1, 6, 6);
  const std::vector<Step> steps = fuse_steps(network, true);
  const auto& input = std::get<ConvStep>(steps.front());
  std::vector<Tap> expected;
  for (int right = -2; right <= 2; ++right) expected.push_back({-1, right, GroupsRead::kAll});
  for (int right = -2; right < 0; ++right) expected.push_back({0, right, GroupsRead::kAll});
  EXPECT_EQ(input.taps, expected);
}

// A convolution that many wait for must not wait for what is known later only.
TEST(FuseSteps, LeavesASumAloneWhoseOtherOperandSeesFurther) {
  NetworkBuilder builder(1, 5, 5, Activation::kRelu, 0.0f);
  const int near = builder.masked_conv("near", 0, MaskType::kA, {1, 3}, 1);
  const int above = builder.masked_conv("above", 0, MaskType::kA, {3, 1}, 1);
  const int sum = builder.add("sum", near, above);
  const Network network = std::move(builder).finish(sum);
  const std::vector<Step> steps = fuse_steps(network, true);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<AddStep>(steps.back()));
}

}  // namespace
}  // namespace pcnn

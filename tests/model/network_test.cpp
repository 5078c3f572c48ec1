#include "engine/model/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "engine/core/error.h"
#include "engine/model/initialise.h"
#include "engine/model/summary.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

TEST(Network, OfTheTutorialHas389249ParametersAnd117888DeadOnes) {
  const Network network = testing::tutorial_network();
  EXPECT_EQ(network.parameter_count(), 389249u);
  EXPECT_EQ(network.parameter_count() - network.live_parameter_count(), 117888u);
}

TEST(Network, NamesParametersByTheirPlace) {
  const Network network = testing::tutorial_network();
  std::vector<std::string> names, expected{"input.weight", "input.bias"};
  for (const Parameter& parameter : network.parameters) names.push_back(parameter.name);
  for (int block = 0; block < 7; ++block)
    for (const char* layer : {"reduce", "spatial", "expand"})
      for (const char* kind : {"weight", "bias"})
        expected.push_back("blocks." + std::to_string(block) + "." + layer + "." + kind);
  expected.insert(expected.end(), {"output.0.weight", "output.0.bias", "logits.weight", "logits.bias"});
  EXPECT_EQ(names, expected);
}

TEST(Network, LaysParametersOneAfterTheOther) {
  testing::Random random(1);
  for (int round = 0; round < 20; ++round) {
    const Network network = testing::random_network(random, Activation::kRelu);
    std::size_t offset = 0;
    for (const Parameter& parameter : network.parameters) {
      EXPECT_EQ(parameter.offset, offset) << parameter.name;
      std::size_t size = 1;
      for (const int extent : parameter.shape) size *= static_cast<std::size_t>(extent);
      EXPECT_EQ(parameter.size, size) << parameter.name;
      offset += size;
    }
    EXPECT_EQ(network.parameter_count(), offset);
  }
}

TEST(Network, ComputesEveryNodeAfterItsInputs) {
  testing::Random random(2);
  for (int round = 0; round < 20; ++round) {
    const Network network = testing::random_network(random, Activation::kRelu);
    for (int node = 0; node < static_cast<int>(network.nodes.size()); ++node)
      for (const int input : inputs(network.nodes[static_cast<std::size_t>(node)].op)) EXPECT_LT(input, node);
    EXPECT_EQ(network.shape(network.logits, 3).c, network.image_channels);
  }
}

struct Distribution {
  Initialisation kind;
  bool he;
  double reach;  // largest draw in standard deviations: uniform sqrt(3); normals cut at 2 before rescaling

  friend std::ostream& operator<<(std::ostream& out, const Distribution& distribution) {
    return out << (distribution.he ? "He" : "Glorot") << ", reach " << distribution.reach;
  }
};

class EveryInitialisation : public ::testing::TestWithParam<Distribution> {};
INSTANTIATE_TEST_SUITE_P(Network, EveryInitialisation,
                         ::testing::Values(Distribution{Initialisation::kGlorotNormal, false, 2.2738},
                                           Distribution{Initialisation::kGlorotUniform, false, 1.7321},
                                           Distribution{Initialisation::kHeNormal, true, 2.2738},
                                           Distribution{Initialisation::kHeUniform, true, 1.7321}));

TEST_P(EveryInitialisation, HasTheStatedVarianceAndReach) {
  const Network network = testing::tutorial_network();
  const std::vector<float> values = initial_parameters(network, GetParam().kind, 4);
  for (const Parameter& parameter : network.parameters) {
    if (!parameter.is_kernel) continue;
    SCOPED_TRACE(parameter.name);
    const int out = parameter.shape[0], in = parameter.shape[1],
              taps = parameter.shape[2] * parameter.shape[3];
    const double variance = GetParam().he ? 2.0 / (in * taps) : 2.0 / (in * taps + out * taps);
    double sum = 0.0, squares = 0.0, largest = 0.0;
    const double live = out * in * live_tap_count(parameter.mask, parameter.shape[2], parameter.shape[3]);
    for (std::size_t i = 0; i < parameter.size; ++i) {
      const double value = values[parameter.offset + i];
      sum += value;
      squares += value * value;
      largest = std::max(largest, std::abs(value));
    }
    // Five standard deviations of the two estimates; a cut normal's and a uniform's variance estimate spread
    // less than a normal's, whose relative deviation is sqrt(2 / n).
    EXPECT_NEAR(sum / live, 0.0, 5 * std::sqrt(variance / live));
    EXPECT_NEAR(squares / live / variance, 1.0, 5 * std::sqrt(2.0 / live));
    EXPECT_LE(largest, GetParam().reach * std::sqrt(variance) * 1.0001);
    if (live > 1000.0) {
      EXPECT_GE(largest, GetParam().reach * std::sqrt(variance) * 0.95);
    }
  }
}

TEST_P(EveryInitialisation, StartsBiasesAndDeadWeightsAtExactlyZero) {
  const Network network = testing::tutorial_network();
  const std::vector<float> values = initial_parameters(network, GetParam().kind, 4);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(values, 0.0f)),
            117888u + 128 + 7 * (64 + 64 + 128) + 64 + 1);
  std::vector<float> masked = values;
  zero_dead_weights(network, masked);
  EXPECT_EQ(masked, values);
  for (const Parameter& parameter : network.parameters)
    for (std::size_t i = 0; i < parameter.size && !parameter.is_kernel; ++i)
      EXPECT_EQ(values[parameter.offset + i], 0.0f) << parameter.name;
}

TEST_P(EveryInitialisation, DependsOnTheSeedAlone) {
  const Network network = testing::tutorial_network();
  const std::vector<float> values = initial_parameters(network, GetParam().kind, 4);
  EXPECT_EQ(values, initial_parameters(network, GetParam().kind, 4));
  EXPECT_NE(values, initial_parameters(network, GetParam().kind, 5));
}

TEST(NetworkTable, EndsInTheTotals) {
  const std::string table = network_table(testing::tutorial_network());
  // 269,376 live weights, each used once at each of 784 pixels.
  for (const char* text : {"389,249", "271,361 live", "117,888 dead", "211,190,784", "192 earlier pixels",
                           "10 up, 10 left, 10 right", "blocks.6.spatial", "128x28x28", "7x7"})
    EXPECT_NE(table.find(text), std::string::npos) << text << " is not in\n" << table;
  EXPECT_EQ(table.back(), '\n');
}

TEST(NetworkTable, SumsItsLayersToTheNetwork) {
  testing::Random random(3);
  for (int round = 0; round < 20; ++round) {
    const Network network = testing::random_network(random, Activation::kRelu);
    std::size_t parameters = 0, live = 0;
    for (const LayerSummary& layer : summarise_layers(network)) {
      parameters += layer.parameters;
      live += layer.live_parameters;
    }
    EXPECT_EQ(parameters, network.parameter_count());
    EXPECT_EQ(live, network.live_parameter_count());
  }
}

TEST(Network, RefusesFiltersThatColourCannotShareOut) {
  ModelConfig config;
  config.head = {.kind = HeadKind::kSoftmax, .levels = 4};
  config.input_filters = 6;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 3}}, {2, MaskedConvBlockConfig{{3, 3}, 8}}};
  config.output_filters = {9};
  try {
    (void)build_network(config, 3, 4, 4);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "model.blocks.1.filters: 8 filters, accepted: multiples of 3, since images of 3 channels split "
        "the maps of every layer into 3 equal groups");
  }
  EXPECT_NO_THROW((void)build_network(config, 1, 4, 4));
  config.head.kind = HeadKind::kLogisticMixture;  // sees a pixel's channels together
  EXPECT_NO_THROW((void)build_network(config, 3, 4, 4));
}

// Widths change between gated blocks; the sum of their skips has that of the last.
TEST(BuildNetwork, SumsSkipsPastBlocksOfOtherWidths) {
  ModelConfig config;
  config.input_filters = 8;
  const GatedBlockConfig gated{{3, 3}, 6, {}, true};
  config.blocks = {{1, gated}, {1, MaskedConvBlockConfig{{3, 3}, 12}}, {2, gated}};
  const Network network = build_network(config, 1, 5, 4);
  for (const Node& node : network.nodes)
    if (node.name == "skips" || node.name.ends_with(".skip")) {
      EXPECT_EQ(node.channels, 12) << node.name;
    }
  config.input_kernel = {1, 3};
  config.blocks = {{1, MaskedConvBlockConfig{{3, 3}, 4}}};
  EXPECT_EQ(build_network(config, 1, 5, 4).node(1).channels, 8) << "without gated blocks any kernel goes";
}

TEST(BuildNetwork, GivesAResidualBlocksFirstConvolutionAWidthOfItsOwn) {
  ModelConfig config{.input_filters = 6,
                     .blocks = {{.block = ResidualBlockConfig{.filters = 3, .reduce = 9}}}};
  const Network network = build_network(config, 1, 6, 5);
  const auto shape = [&](const std::string& name) {
    return std::ranges::find(network.parameters, name, &Parameter::name)->shape;
  };
  EXPECT_EQ(shape("blocks.0.reduce.weight"), (std::vector{9, 6, 1, 1}));
  EXPECT_EQ(shape("blocks.0.spatial.weight"), (std::vector{3, 9, 3, 3}));
  EXPECT_EQ(shape("blocks.0.expand.weight"), (std::vector{6, 3, 1, 1}));
  config.head = {.kind = HeadKind::kSoftmax, .levels = 4};
  std::get<ResidualBlockConfig>(config.blocks[0].block).reduce = 8;
  EXPECT_THROW((void)build_network(config, 3, 6, 5), ConfigError);
}

TEST(BuildNetwork, ReadsTheInputsConvolutionsThemselvesWhereTheyHaveNoActivation) {
  const Network network = build_network({.input_filters = 6,
                                         .input_activation = false,
                                         .blocks = {{.repeat = 2, .block = GatedBlockConfig{.filters = 4}}}},
                                        1, 6, 5);
  std::vector<std::string> names;
  for (const Node& node : network.nodes) names.push_back(node.name);
  EXPECT_EQ((std::vector<std::string>(names.begin(), names.begin() + 4)),
            (std::vector<std::string>{"image", "input_above", "input", "blocks.0.vertical"}));
  EXPECT_EQ(network.node(1).channels, 6);
  EXPECT_EQ(inputs(network.node(3).op), (std::vector{1}));
  EXPECT_NE(std::ranges::find(names, "blocks.1.vertical.gate"), names.end());  // later blocks read gates
}

TEST(BuildNetwork, RefusesHeadsThatChannelGroupsCannotShareOut) {
  ModelConfig config;
  config.head = {.kind = HeadKind::kSoftmax, .levels = 4};
  config.input_filters = 6;
  config.output_filters = {};
  config.blocks = {{1, AttentionBlockConfig{.heads = 4}}};
  try {
    (void)build_network(config, 3, 4, 4);
    ADD_FAILURE() << "four heads of three groups";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "model.blocks.0.heads: 4 heads, accepted: multiples of 3, since images of 3 channels split the "
        "maps of every layer into 3 equal groups, and a head belongs to one");
  }
  config.blocks = {{1, AttentionBlockConfig{.heads = 6, .key = 5, .value = 7}}};
  EXPECT_NO_THROW((void)build_network(config, 3, 4, 4));
}

TEST(NetworkBuilder, MakesOneNodeOfPositionsAndHeadsThatFit) {
  NetworkBuilder builder(1, 4, 4, Activation::kRelu, 0.0f);
  EXPECT_EQ(builder.positions(), builder.positions());
  EXPECT_EQ(builder.channels(builder.positions()), 2);
  const int six = builder.masked_conv("six", 0, MaskType::kA, {3, 3}, 6);
  EXPECT_THROW(builder.attention("four", six, six, six, 4), std::invalid_argument);
  EXPECT_THROW(builder.attention("other", six, builder.positions(), six, 2), std::invalid_argument);
  EXPECT_NO_THROW(builder.attention("three", six, six, six, 3));
}

TEST(NetworkBuilder, AddsMapsOfOneWidthOnly) {
  NetworkBuilder builder(1, 4, 4, Activation::kRelu, 0.0f);
  const int narrow = builder.masked_conv("narrow", 0, MaskType::kA, {3, 3}, 2),
            wide = builder.masked_conv("wide", 0, MaskType::kA, {3, 3}, 3);
  EXPECT_THROW(builder.add("sum", narrow, wide), std::invalid_argument);
}

}  // namespace
}  // namespace pcnn

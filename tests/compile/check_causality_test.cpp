// That the check of causality finds every leak and names its op. What it finds of the networks of configs is
// tested independently in causality_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "engine/compile/causality.h"
#include "engine/core/error.h"
#include "engine/model/blocks.h"
#include "engine/model/initialise.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

constexpr Purpose kPurposes[] = {Purpose::kInference, Purpose::kTraining};

CausalityCheck check(const Network& network, std::span<const float> parameters,
                     Purpose purpose = Purpose::kInference, int threads = 2) {
  testing::Random random(1);
  const std::vector<float> before = testing::random_images(random, network, 1);
  std::vector<float> after = before;
  for (float& value : after) value += random.uniform(0.5f, 3.0f);
  return check_causality(network, parameters, {before, after}, purpose, {}, Workers(threads));
}

// The node that is to blame, as its name; "" where nothing leaks.
std::string blamed(const Network& network, Purpose purpose = Purpose::kInference) {
  const CausalityCheck found = check(network, random_parameters(network, 1), purpose);
  return found.leak ? network.nodes[static_cast<std::size_t>(found.leak->node)].name : "";
}

// What pairs of places the network may connect.
std::int64_t allowed_pairs(const Network& network) {
  std::int64_t pairs = 0;
  for (const std::vector<bool>& reads : testing::places_read(network))
    pairs += std::ranges::count(reads, true);
  return pairs;
}

TEST(CheckCausality, VerifiesRandomNetworksForEveryPurpose) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    testing::Random random(seed);
    const Condition condition = seed % 8 < 2 ? Condition{} : testing::random_condition(random);
    const Network network =
        seed % 2 ? testing::random_network(random, Activation::kTanh,
                                           {.kernel = 5, .side = 7, .channels = 6, .condition = condition})
                 : testing::random_graph(random, Activation::kTanh, condition);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + testing::describe(network));
    for (const Purpose purpose : kPurposes) {
      const CausalityCheck found = check(network, random_parameters(network, seed), purpose);
      EXPECT_FALSE(found.leak);
      EXPECT_EQ(found.places, network.image_height * network.image_width * network.groups);
      EXPECT_EQ(found.later_logits > 0, allowed_pairs(network) > 0);
    }
  }
}

// A class joins everywhere and shows no pixel: what leaks is found as without.
TEST(CheckCausality, FindsALeakUnderACondition) {
  for (const MaskType mask : {MaskType::kA, MaskType::kB}) {
    NetworkBuilder builder(1, 4, 5, Activation::kTanh, 0.0f, 1, {.classes = 3});
    const int input = builder.masked_conv("input", 0, mask, {3, 3}, 4);
    const int features = builder.activate(builder.condition("input.condition", input));
    const Network network =
        std::move(builder).finish(builder.masked_conv("logits", features, MaskType::kB, {1, 1}, 1));
    for (const Purpose purpose : kPurposes)
      EXPECT_EQ(blamed(network, purpose), mask == MaskType::kA ? "" : "input");
  }
}

// Keys and values may see their pixel, for others look at it; a query, or a value that is read at its own
// pixel, may not.
TEST(CheckCausality, FindsAnAttentionThatShowsAPixelToItself) {
  enum class Leak { kNone, kQuery, kValue };
  for (const int groups : {1, 3})
    for (const Leak leak : {Leak::kNone, Leak::kQuery, Leak::kValue}) {
      NetworkBuilder builder(3, 4, 5, Activation::kTanh, 0.0f, groups);
      const int features = builder.activate(builder.masked_conv("input", 0, MaskType::kA, {3, 3}, 6));
      const auto conv = [&](const char* name, int src) {
        return builder.masked_conv(name, src, MaskType::kB, {1, 1}, 6);
      };
      const int query = conv("query", leak == Leak::kQuery ? 0 : features), key = conv("key", 0),
                value = conv("value", 0);
      int found = builder.attention("attention", query, key, value, 3);
      if (leak == Leak::kValue) found = builder.add("found", found, value);
      const Network network =
          std::move(builder).finish(builder.masked_conv("logits", found, MaskType::kB, {1, 1}, 3));
      for (const Purpose purpose : kPurposes)
        EXPECT_EQ(blamed(network, purpose), leak == Leak::kNone    ? ""
                                            : leak == Leak::kQuery ? "query"
                                                                   : "value");
    }
}

// Images of one row, of one column, and of four pixels, where a state that was not moved down leaks at once.
TEST(CheckCausality, VerifiesLstmsAndFindsThoseFromTheRightEdgeThatWereNotMovedDown) {
  for (const auto& [height, width] : {std::pair{2, 2}, {1, 6}, {6, 1}, {3, 4}})
    for (const int channels : {1, 3}) {
      NetworkBuilder builder(channels, height, width, Activation::kTanh, 0.0f, channels);
      const int input = builder.activate(builder.masked_conv("input", 0, MaskType::kA, {3, 3}, 4 * channels));
      Features features{.node = input};
      features = append_block(builder, "rows", features, {1, RowLstmBlockConfig{3, 2 * channels}});
      features = append_block(builder, "diagonals", features, {1, DiagonalLstmBlockConfig{2 * channels}});
      Network network = std::move(builder).finish(
          builder.masked_conv("logits", features.node, MaskType::kB, {1, 1}, channels));
      for (const Purpose purpose : kPurposes) EXPECT_EQ(blamed(network, purpose), "");
      for (Node& node : network.nodes)
        if (auto* op = std::get_if<LstmOp>(&node.op)) op->down = 0;
      for (const Purpose purpose : kPurposes)
        EXPECT_EQ(blamed(network, purpose), width > 1 ? "diagonals.state_back" : "")
            << height << "x" << width;
    }
}

TEST(CheckCausality, FindsAnInputLayerWithMaskB) {
  NetworkBuilder builder(1, 4, 5, Activation::kRelu, 0.0f);
  const int features = builder.activate(builder.masked_conv("input", 0, MaskType::kB, {3, 3}, 8));
  const Network network =
      std::move(builder).finish(builder.masked_conv("logits", features, MaskType::kB, {1, 1}, 1));
  for (const Purpose purpose : kPurposes) {
    const CausalityCheck found = check(network, random_parameters(network, 1), purpose);
    ASSERT_TRUE(found.leak);
    EXPECT_EQ(found.leak->changed, (ImagePlace{0, 0, 0}));
    EXPECT_EQ(found.leak->moved, found.leak->changed) << "mask B shows a place to itself";
    EXPECT_EQ(network.nodes[static_cast<std::size_t>(found.leak->node)].name, "input");
  }
}

// Through a forecast: its own path from the image to the logits.
TEST(CheckCausality, FindsAForecastThatSeesItsPixel) {
  ModelConfig config;
  config.activation = Activation::kTanh;
  config.input_kernel = {3, 3};
  config.input_filters = 4;
  config.head = {HeadKind::kLogisticMixture, 8, 2, true};
  config.forecast_kernel = {5, 3};
  for (const int channels : {1, 3}) {
    Network network = build_network(config, channels, 4, 5);
    for (const Purpose purpose : kPurposes) EXPECT_EQ(blamed(network, purpose), "");
    for (Node& node : network.nodes)
      if (auto* conv = std::get_if<MaskedConvOp>(&node.op); conv && node.name == "forecast") {
        conv->mask.type = MaskType::kB;
        network.parameters[static_cast<std::size_t>(conv->weight)].mask.type = MaskType::kB;
      }
    for (const Purpose purpose : kPurposes) EXPECT_EQ(blamed(network, purpose), "forecast");
  }
}

// image -> input (A) -> block (B) -> + what goes around the mask -> logits (B)
Network around_the_mask(bool through_activation) {
  NetworkBuilder builder(2, 4, 5, Activation::kTanh, 0.0f);
  const int around = through_activation ? builder.activate(0) : 0;
  int features = builder.activate(builder.masked_conv("input", around, MaskType::kA, {3, 3}, 2));
  features = builder.activate(builder.masked_conv("block", features, MaskType::kB, {3, 3}, 2));
  const int skip = builder.add("skip", features, around);
  return std::move(builder).finish(builder.masked_conv("logits", skip, MaskType::kB, {1, 1}, 2));
}

TEST(CheckCausality, FindsASkipAroundTheMask) {
  for (const Purpose purpose : kPurposes) {
    EXPECT_EQ(blamed(around_the_mask(false), purpose), "skip");
    EXPECT_EQ(blamed(around_the_mask(true), purpose), "skip")
        << "what comes before the mask may see its place";
  }
}

TEST(CheckCausality, AllowsOpsBeforeTheMask) {
  NetworkBuilder builder(1, 4, 5, Activation::kTanh, 0.0f);
  const int embedded = builder.activate(builder.masked_conv("embedding", 0, MaskType::kB, {3, 3}, 4));
  const Network network =
      std::move(builder).finish(builder.masked_conv("logits", embedded, MaskType::kA, {3, 3}, 1));
  EXPECT_EQ(blamed(network), "");
}

// Red, green and blue: input (A), mixer (B), logits (B).
Network coloured(int groups) {
  NetworkBuilder builder(3, 3, 4, Activation::kTanh, 0.0f, groups);
  int node = builder.activate(builder.masked_conv("input", 0, MaskType::kA, {3, 3}, 6));
  node = builder.activate(builder.masked_conv("mixer", node, MaskType::kB, {1, 1}, 6));
  return std::move(builder).finish(builder.masked_conv("logits", node, MaskType::kB, {1, 1}, 3));
}

TEST(CheckCausality, FindsAConvolutionThatBreaksTheOrderOfChannels) {
  EXPECT_EQ(blamed(coloured(3)), "");
  Network broken = coloured(3);
  for (Node& node : broken.nodes)
    if (auto* conv = std::get_if<MaskedConvOp>(&node.op); conv && node.name == "mixer") {
      conv->mask.groups = 1;
      broken.parameters[static_cast<std::size_t>(conv->weight)].mask.groups = 1;
    }
  for (const Purpose purpose : kPurposes) {
    const CausalityCheck found = check(broken, random_parameters(broken, 1), purpose);
    ASSERT_TRUE(found.leak);
    EXPECT_EQ(found.leak->changed, (ImagePlace{0, 0, 0}));
    EXPECT_EQ(found.leak->moved, (ImagePlace{0, 0, 0})) << "red reads green's maps, which have seen red";
    EXPECT_EQ(blamed(broken, purpose), "mixer");
  }
}

// Without an order of channels a pixel sees none of its own, which is less than any order allows; with mask B
// it sees all of them.
TEST(CheckCausality, TellsChannelsApartWhereTheNetworkHasNoOrderOfThem) {
  Network network = coloured(1);
  network.groups = 3;
  const CausalityCheck found = check(network, random_parameters(network, 1));
  EXPECT_FALSE(found.leak);
  EXPECT_EQ(found.places, 3 * 4 * 3);

  NetworkBuilder builder(3, 3, 4, Activation::kTanh, 0.0f);
  Network leaky = std::move(builder).finish(builder.masked_conv("logits", 0, MaskType::kB, {1, 1}, 3));
  leaky.groups = 3;
  EXPECT_EQ(blamed(leaky), "logits");
}

TEST(CheckCausality, FindsTheFirstLeakOnAnyNumberOfThreads) {
  const Network network = around_the_mask(false);
  const std::vector<float> parameters = random_parameters(network, 3);
  const CausalityCheck one = check(network, parameters, Purpose::kInference, 1);
  ASSERT_TRUE(one.leak);
  for (int round = 0; round < 5; ++round) {
    const CausalityCheck three = check(network, parameters, Purpose::kInference, 3);
    ASSERT_TRUE(three.leak);
    EXPECT_EQ(three.leak->changed, one.leak->changed);
    EXPECT_EQ(three.leak->moved, one.leak->moved);
    EXPECT_EQ(three.leak->node, one.leak->node);
  }
}

TEST(CheckCausality, SaysWhereNothingMoved) {
  const Network network = testing::small_network(4, 5);
  const CausalityCheck found = check(network, std::vector<float>(network.parameter_count(), 0.0f));
  EXPECT_FALSE(found.leak);
  EXPECT_EQ(found.places, 20);
  EXPECT_EQ(found.later_logits, 0);
}

TEST(CheckCausality, CountsThePlacesDone) {
  const Network network = testing::small_network(4, 5);
  const std::vector<float> before(20, 0.0f), after(20, 1.0f);
  std::int64_t last = 0;
  (void)check_causality(network, random_parameters(network, 1), {before, after}, Purpose::kInference, {},
                        Workers(1), [&](std::int64_t done, std::int64_t all) {
                          EXPECT_GT(done, last);
                          EXPECT_EQ(all, 20);
                          last = done;
                        });
  EXPECT_EQ(last, 20);
}

TEST(CheckCausality, RefusesWhatCanProveNothing) {
  const Network network = testing::small_network(4, 5);
  std::vector<float> parameters = random_parameters(network, 1);
  const std::vector<float> before(20, 0.0f);
  std::vector<float> after(20, 1.0f);
  const auto run = [&] {
    (void)check_causality(network, parameters, {before, after}, Purpose::kInference, {}, Workers(1));
  };
  EXPECT_NO_THROW(run());
  parameters.back() = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(run(), ComputeError);
  after[7] = 0.0f;
  EXPECT_THROW(run(), std::invalid_argument);
  after.pop_back();
  EXPECT_THROW(run(), std::invalid_argument);
}

// Even through many layers most pairs of places that may show each other do: signals neither died nor
// saturated. ReLU hides the most.
TEST(RandomParameters, LetSignalsThroughManyLayers) {
  for (const Activation activation :
       {Activation::kRelu, Activation::kLeakyRelu, Activation::kElu, Activation::kTanh, Activation::kSigmoid})
    for (const auto& [residual, conditional] :
         {std::pair{false, false}, {true, false}, {false, true}, {true, true}}) {
      ModelConfig config;
      config.activation = activation;
      config.slope = activation == Activation::kElu         ? 1.0f
                     : activation == Activation::kLeakyRelu ? 0.01f
                                                            : 0.0f;
      config.condition.classes = conditional ? 5 : 0;
      config.input_kernel = {3, 3};
      config.input_filters = 24;
      if (residual)
        config.blocks = {{60, ResidualBlockConfig{{3, 3}, 12}}};
      else
        config.blocks = {{12, MaskedConvBlockConfig{{3, 3}, 24}}};
      const Network network = build_network(config, 1, 5, 5);
      const CausalityCheck found = check(network, random_parameters(network, 4));
      EXPECT_FALSE(found.leak);
      EXPECT_GT(found.later_logits, allowed_pairs(network) * 3 / 4)
          << static_cast<int>(activation) << (residual ? " residual" : " plain")
          << (conditional ? " conditional" : "");
    }
}

}  // namespace
}  // namespace pcnn

// Graphs that no config makes today: who reads what decides what is fused and whose buffer is reused.

#include <gtest/gtest.h>

#include "tests/support/agreement.h"

namespace pcnn {
namespace {

// A network of 11 maps whose middle is built by `build(builder, features)`, which returns the logits' node.
template <typename Build>
void expect_agreement_of(const Build& build) {
  for (const Activation activation : {Activation::kSigmoid, Activation::kElu}) {
    NetworkBuilder builder(2, 6, 7, activation, 0.7f);
    const int features = builder.masked_conv("input", 0, MaskType::kA, {5, 3}, 11);
    const int logits = build(builder, features);
    testing::Random random(7);
    testing::expect_agreement(testing::random_case(random, std::move(builder).finish(logits), 2));
  }
}

int conv(NetworkBuilder& builder, const char* name, int src, int filters = 11) {
  return builder.masked_conv(name, src, MaskType::kB, {3, 3}, filters);
}

TEST(ProgramGraph, ConvolutionReadByAnActivationAConvolutionAndAnAddition) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    const int a = builder.activate(features), b = conv(builder, "b", features);
    return conv(builder, "logits", builder.add("sum", builder.add("ab", a, b), features), 2);
  });
}

TEST(ProgramGraph, ConvolutionReadByTwoActivations) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    const int a = builder.activate(features), b = builder.activate(features);
    return conv(builder, "logits", builder.add("sum", a, conv(builder, "b", b)), 2);
  });
}

TEST(ProgramGraph, ConvolutionOnAConvolutionWithoutAnActivation) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    return conv(builder, "logits", conv(builder, "middle", features, 5), 2);
  });
}

TEST(ProgramGraph, ActivationOfAnActivation) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    return conv(builder, "logits", builder.activate(builder.activate(features)), 2);
  });
}

TEST(ProgramGraph, SumOfANodeWithItself) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    const int a = builder.activate(features);
    return conv(builder, "logits", builder.add("twice", a, a), 2);
  });
}

TEST(ProgramGraph, SumsInAChainAndATree) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    const int a = builder.activate(features), b = conv(builder, "b", a), c = conv(builder, "c", b);
    const int left = builder.add("left", a, b), right = builder.add("right", c, left);
    const int all = builder.add("all", builder.add("again", right, left), builder.activate(right));
    return conv(builder, "logits", all, 2);
  });
}

TEST(ProgramGraph, SumWithTheImage) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    return builder.add("logits", conv(builder, "two", builder.activate(features), 2), 0);
  });
}

TEST(ProgramGraph, LogitsThatAreASumOfSharedMaps) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    const int two = conv(builder, "two", features, 2);
    return builder.add("logits", builder.activate(two), two);
  });
}

TEST(ProgramGraph, LogitsThatAreAnActivation) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    return builder.activate(conv(builder, "two", features, 2));
  });
}

TEST(ProgramGraph, BranchThatLeadsNowhere) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    (void)builder.activate(conv(builder, "dead end", features));
    return conv(builder, "logits", features, 2);
  });
}

TEST(ProgramGraph, ActivationOfTheImage) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    const int image = conv(builder, "image", builder.activate(0));
    return conv(builder, "logits", builder.add("sum", image, features), 2);
  });
}

TEST(ProgramGraph, LogitsThatAnotherOpReadsToo) {
  expect_agreement_of([](NetworkBuilder& builder, int features) {
    const int two = conv(builder, "two", features, 2);
    (void)builder.activate(two);
    return two;
  });
}

TEST(ProgramGraph, RandomGraphsWithConditions) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    testing::Random random(60000 + seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    testing::expect_agreement(
        testing::random_case(random,
                             testing::random_graph(random, seed % 2 ? Activation::kSigmoid : Activation::kElu,
                                                   testing::random_condition(random)),
                             3));
  }
}

TEST(ProgramGraph, RandomGraphsWithDropout) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    testing::Random random(70000 + seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Activation activation = seed % 2 ? Activation::kSigmoid : Activation::kElu;
    testing::expect_agreement(testing::random_case(
        random, testing::random_graph(random, activation, {.classes = seed % 3 ? 0 : 2}, 0.4), 3));
  }
}

TEST(ProgramGraph, RandomGraphs) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    testing::Random random(50000 + seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    testing::expect_agreement(testing::random_case(
        random, testing::random_graph(random, seed % 2 ? Activation::kSigmoid : Activation::kElu), 2));
  }
}

}  // namespace
}  // namespace pcnn

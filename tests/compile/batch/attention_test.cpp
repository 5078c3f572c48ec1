// Attention within small networks, at every shape that has an edge case of its own: one pixel, which nothing
// comes before; two, where the weight of the one before is 1 whatever the scores; rows and columns alone;
// more pixels than a block of queries. Against plain loops, and these against finite differences.

#include "engine/compile/batch/attention.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "tests/support/agreement.h"
#include "tests/support/compiled.h"

namespace pcnn {
namespace {

struct Sides {
  int height, width;
};
constexpr Sides kSides[] = {{1, 1}, {1, 2}, {2, 1}, {2, 2}, {1, 7}, {7, 1}, {5, 6}, {9, 15}};

struct Heads {
  int of_group, key, value;
};
constexpr Heads kHeads[] = {{1, 1, 1}, {2, 5, 3}, {1, 16, 16}, {3, 8, 17}};

// image -> features -> query;  features and image -> key, value;  all through one attention.
Network attending(int channels, int groups, const Sides& sides, const Heads& heads) {
  NetworkBuilder builder(channels, sides.height, sides.width, Activation::kTanh, 0.0f, groups);
  const int features = builder.activate(builder.masked_conv("input", 0, MaskType::kA, {3, 3}, 2 * channels));
  const int content = builder.concatenate("content", features, 0), all = heads.of_group * groups;
  const auto conv = [&](const char* name, int src, int maps) {
    return builder.masked_conv(name, src, MaskType::kB, {1, 1}, maps);
  };
  const int query =
                conv("query", builder.concatenate("place", features, builder.positions()), all * heads.key),
            key = conv("key", content, all * heads.key), value = conv("value", content, all * heads.value);
  const int found = builder.attention("attention", query, key, value, all);
  return std::move(builder).finish(conv("logits", found, channels));
}

template <typename Check>
void for_each_case(Check&& check) {
  testing::Random random(5);
  for (const Sides& sides : kSides)
    for (const Heads& heads : kHeads)
      for (const auto& [channels, groups] : {std::array{1, 1}, std::array{3, 3}, std::array{3, 1}})
        check(testing::random_case(random, attending(channels, groups, sides, heads), 2));
}

TEST(Attention, AgreesWithPlainLoopsForwardAndBackwardOnEveryInstructionSet) {
  for_each_case([](const testing::Case& c) {
    for (const TrainingKernels& kernels : training_kernels())
      testing::expect_agreement(c, {.kernels = kernels});
  });
}

// Central differences of f64 are off by some 1e-9 of the scale here.
TEST(Attention, HasTheGradientsThatFiniteDifferencesHave) {
  for_each_case([](const testing::Case& c) {
    if (c.network.image_height * c.network.image_width > 30) return;
    SCOPED_TRACE(testing::describe(c.network));
    testing::Values parameters = testing::widened(c.parameters);
    const testing::Values gradients = testing::reference_backward(c.network, c.images, parameters, c.forward,
                                                                  testing::widened(c.diff_logits))
                                          .parameters;
    const auto loss = [&] {
      const testing::Values logits =
          testing::reference_forward(c.network, c.images, parameters, testing::widened(c.pixels))
              .nodes[static_cast<std::size_t>(c.network.logits)];
      double sum = 0.0;
      for (std::size_t i = 0; i < logits.size(); ++i) sum += c.diff_logits[i] * logits[i];
      return sum;
    };
    constexpr double kStep = 1e-5;
    for (const Parameter& parameter : c.network.parameters)
      for (std::size_t k = 0; k < parameter.size; k += 1 + parameter.size / 5) {
        if (parameter.is_kernel && !testing::may_read(parameter, k)) continue;
        const std::size_t i = parameter.offset + k;
        const double own = parameters[i];
        parameters[i] = own + kStep;
        const double above = loss();
        parameters[i] = own - kStep;
        const double slope = (above - loss()) / (2 * kStep);
        parameters[i] = own;
        EXPECT_NEAR(gradients[i], slope, 1e-6 * (1 + std::abs(slope))) << parameter.name << " " << k;
      }
  });
}

TEST(Attention, IsZeroAtTheFirstPixel) {
  for_each_case([](const testing::Case& c) {
    for (const Purpose purpose : {Purpose::kTraining, Purpose::kInference}) {
      Network network = c.network;
      network.logits = static_cast<int>(network.nodes.size()) - 2;
      network.nodes.pop_back();
      const std::vector<float> dst =
          testing::Compiled(network, c.images, c.parameters, purpose).forward(c.pixels);
      const Shape shape = network.shape(network.logits, c.images);
      for (int image = 0; image < shape.n; ++image)
        for (int map = 0; map < shape.c; ++map) EXPECT_EQ(dst[shape.offset(image, map, 0, 0)], 0.0f);
    }
  });
}

// One image after the other, head by head: an image's bits do not depend on those beside it.
TEST(Attention, GivesAnImageTheSameBitsInAnyBatch) {
  testing::Random random(6);
  const testing::Case c = testing::random_case(random, attending(1, 1, {9, 15}, {2, 5, 3}), 3);
  const std::size_t size = c.network.shape(0, 1).size();
  const std::vector<float> all = testing::Compiled(c.network, 3, c.parameters).forward(c.pixels);
  testing::Compiled alone(c.network, 1, c.parameters);
  for (std::size_t image = 0; image < 3; ++image) {
    const std::vector<float> one = alone.forward(std::span(c.pixels).subspan(image * size, size));
    EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(image * size)));
  }
}

TEST(Attention, NeverHoldsTheScoresOfAWholeImage) {
  const auto scratch = [](std::size_t pixels, bool backward) {
    return attention_scratch({.images = 4, .pixels = pixels, .heads = 8, .key = 16, .value = 16}, backward);
  };
  for (const bool backward : {false, true}) {
    EXPECT_EQ(scratch(2000, backward), 2 * scratch(1000, backward))
        << "it grows with pixels, not their square";
    EXPECT_LT(scratch(4096, backward), 4096u * 4096u / 16);
  }
}

// Scores far apart: what is largest is taken off before the exponential.
TEST(Attention, StaysFiniteWhereScoresAreLarge) {
  for (const TrainingKernels& kernels : training_kernels())
    for (const std::size_t count : {1u, 3u, 8u, 21u, 64u}) {
      std::vector<float> row(64, std::numeric_limits<float>::quiet_NaN());
      for (std::size_t i = 0; i < count; ++i) row[i] = i == count / 2 ? 3e38f : -3e38f;
      std::vector<float> again = row;
      const SoftmaxScale scale = kernels.softmax_row(count, row.size(), row.data());
      kernels.softmax_row_again(count, again.size(), scale, again.data());
      for (std::size_t i = 0; i < row.size(); ++i) {
        EXPECT_NEAR(row[i], i == count / 2 ? 1.0f : 0.0f, 1e-30f) << kernels.name;
        EXPECT_NEAR(again[i], i == count / 2 ? 1.0f : 0.0f, 1e-30f) << kernels.name;
        if (i >= count) {
          EXPECT_EQ(row[i], 0.0f) << "later pixels weigh nothing";
        }
      }
    }
}

}  // namespace
}  // namespace pcnn

// The elementwise kernels of every instruction set this processor has, against loops that say what they mean.
// The weight gradient is tested within whole networks too: program_test.cpp.

#include "engine/compile/kernels/training_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/compile/kernels/elementwise_tile.h"
#include "engine/compile/kernels/training_kernels_tile.h"
#include "tests/support/activations.h"
#include "tests/support/bf16.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using testing::nearest, testing::normals, testing::widened;

TEST(TrainingKernels, ActivationBackwardMultipliesByTheSlopeAtEveryLength) {
  testing::Random random(1);
  for (const TrainingKernels& kernels : training_kernels())
    for (const Activation function : {Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,
                                      Activation::kTanh, Activation::kSigmoid})
      for (std::size_t count = 0; count < 40; ++count) {
        const ActivationOp op{.function = function, .slope = 0.3f};
        std::vector<float> y = normals(random, count), diff = normals(random, count + 1);
        if (count > 0) y[0] = 0.0f;  // relu's slope there is 0
        std::vector<float> apart(count + 1, 7.0f), in_place = diff;
        kernels.activation_backward(op, count, y.data(), diff.data(), apart.data());
        kernels.activation_backward(op, count, y.data(), in_place.data(), in_place.data());
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_NEAR(apart[i], diff[i] * testing::derivative_from_value(op, y[i]),
                      1e-6 * (1 + std::abs(apart[i])))
              << kernels.name << ", " << i << " of " << count;
          EXPECT_EQ(apart[i], in_place[i]) << kernels.name;
        }
        EXPECT_EQ(apart[count], 7.0f) << kernels.name << " wrote past the end";
        EXPECT_EQ(in_place[count], diff[count]) << kernels.name << " wrote past the end";
      }
}

TEST(TrainingKernels, ReluBackwardDropsWhatComesThroughADeadUnit) {
  for (const TrainingKernels& kernels : training_kernels()) {
    const std::vector<float> y(19, 0.0f);
    std::vector<float> diff(19, std::numeric_limits<float>::infinity());
    kernels.activation_backward({.function = Activation::kRelu}, diff.size(), y.data(), diff.data(),
                                diff.data());
    EXPECT_EQ(diff, std::vector<float>(19, 0.0f)) << kernels.name << ": 0 times infinity is no gradient";
  }
}

// Those of this processor, and the 16-lane code on whatever vectors it has.
std::vector<TrainingKernels> all_kernels() {
  std::vector<TrainingKernels> kernels(training_kernels().begin(), training_kernels().end());
  kernels.push_back(kernels_of_lanes<16>("16 lanes"));
  kernels.back().weight_gradient = WeightGradientTile<16>::run;
  return kernels;
}

struct PlaneCase {
  PlaneConv conv;
  std::vector<KernelTap> taps;
  std::vector<float> src, weights, bias, diff_dst;
};

PlaneCase random_plane_case(testing::Random& random) {
  PlaneCase c{.conv = {.images = random.between(1, 3),
                       .height = random.between(1, 40),
                       .width = random.between(1, 40),
                       .in_channels = random.between(1, 4),
                       .filters = random.between(1, 4),
                       .kernel_height = 2 * random.between(0, 4) + 1,
                       .kernel_width = 2 * random.between(0, 4) + 1},
              .taps = {},
              .src = {},
              .weights = {},
              .bias = {},
              .diff_dst = {}};
  for (int row = 0; row < c.conv.kernel_height; ++row)
    for (int column = 0; column < c.conv.kernel_width; ++column)
      if (random.between(0, 2))
        c.taps.push_back({row, column, row - c.conv.kernel_height / 2, column - c.conv.kernel_width / 2});
  c.conv.taps = c.taps.data();
  c.conv.tap_count = static_cast<int>(c.taps.size());
  c.conv.reach = reach_of(c.taps);
  const auto count = [](int a, int b, int height, int width) {
    return static_cast<std::size_t>(a * b * height * width);
  };
  c.src = normals(random, count(c.conv.images, c.conv.in_channels, c.conv.height, c.conv.width));
  c.diff_dst = normals(random, count(c.conv.images, c.conv.filters, c.conv.height, c.conv.width));
  c.weights =
      normals(random, count(c.conv.filters, c.conv.in_channels, c.conv.kernel_height, c.conv.kernel_width));
  c.bias = normals(random, static_cast<std::size_t>(c.conv.filters));
  return c;
}

// visit(dst, weight, src): flat indices of every product.
template <typename Visit>
void for_each_plane_product(const PlaneConv& conv, Visit&& visit) {
  const Shape src{conv.images, conv.in_channels, conv.height, conv.width},
      dst{conv.images, conv.filters, conv.height, conv.width},
      kernel{conv.filters, conv.in_channels, conv.kernel_height, conv.kernel_width};
  for (int n = 0; n < dst.n; ++n)
    for (int o = 0; o < dst.c; ++o)
      for (int i = 0; i < src.c; ++i)
        for (int t = 0; t < conv.tap_count; ++t)
          for (int y = 0; y < dst.h; ++y)
            for (int x = 0; x < dst.w; ++x) {
              const int row = y + conv.taps[t].down, column = x + conv.taps[t].right;
              if (row < 0 || row >= src.h || column < 0 || column >= src.w) continue;
              visit(dst.offset(n, o, y, x), kernel.offset(o, i, conv.taps[t].row, conv.taps[t].column),
                    src.offset(n, i, row, column));
            }
}

TEST(TrainingKernels, PlaneConvAndItsBackwardAreThePlainLoops) {
  testing::Random random(9);
  for (int round = 0; round < 60; ++round) {
    PlaneCase c = random_plane_case(random);
    const std::size_t area = static_cast<std::size_t>(c.conv.height * c.conv.width),
                      filters = static_cast<std::size_t>(c.conv.filters);
    std::vector<double> dst(c.diff_dst.size()), weights(c.weights.size()), bias(filters);
    for (std::size_t i = 0; i < dst.size(); ++i) {
      dst[i] = c.bias[i / area % filters];
      bias[i / area % filters] += c.diff_dst[i];
    }
    for_each_plane_product(c.conv, [&](std::size_t to, std::size_t weight, std::size_t from) {
      dst[to] += double{c.weights[weight]} * c.src[from];
      weights[weight] += double{c.diff_dst[to]} * c.src[from];
    });
    for (const TrainingKernels& kernels : all_kernels()) {
      c.conv.src = c.src.data();
      // Exactly as much as is asked for, so that sanitizers see what lies beyond.
      std::vector<float> scratch(plane_conv_scratch(c.conv, kernels.lanes), NAN), result(dst.size(), NAN),
          diff_weights(weights.size(), -7.0f), diff_bias(filters, NAN);
      c.conv.scratch = scratch.data();
      kernels.plane_conv(c.conv, c.weights.data(), c.bias.data(), result.data());
      kernels.plane_conv_backward(c.conv, c.diff_dst.data(), diff_weights.data(), diff_bias.data());
      SCOPED_TRACE(kernels.name);
      // Sums of up to 324 and 4,800 products of the order of one.
      for (std::size_t i = 0; i < dst.size(); ++i) ASSERT_NEAR(result[i], dst[i], 5e-5) << i;
      for (std::size_t i = 0; i < filters; ++i) ASSERT_NEAR(diff_bias[i], bias[i], 1e-3) << i;
      std::vector<bool> is_live(weights.size(), false);
      for (const KernelTap& tap : c.taps)
        for (std::size_t pair = 0; pair < filters * static_cast<std::size_t>(c.conv.in_channels); ++pair)
          is_live[pair * static_cast<std::size_t>(c.conv.kernel_height * c.conv.kernel_width) +
                  static_cast<std::size_t>(tap.row * c.conv.kernel_width + tap.column)] = true;
      for (std::size_t i = 0; i < weights.size(); ++i)
        ASSERT_NEAR(diff_weights[i], is_live[i] ? weights[i] : -7.0, 1e-3) << i;
    }
  }
}

TEST(TrainingKernels, GateIsTanhTimesSigmoidAndItsBackwardTheSlopesOfBoth) {
  testing::Random random(5);
  for (const TrainingKernels& kernels : all_kernels())
    for (std::size_t count = 0; count < 40; ++count) {
      const std::vector<float> a = normals(random, count), b = normals(random, count),
                               d = normals(random, count);
      std::vector<float> dst(count), diff_a = a, diff_b = b;  // in place
      kernels.gate(count, a.data(), b.data(), dst.data());
      kernels.gate_backward(count, diff_a.data(), diff_b.data(), d.data(), diff_a.data(), diff_b.data());
      for (std::size_t i = 0; i < count; ++i) {
        const double t = std::tanh(double{a[i]}), s = 1.0 / (1.0 + std::exp(-double{b[i]}));
        EXPECT_NEAR(dst[i], t * s, 3e-7) << kernels.name;
        EXPECT_NEAR(diff_a[i], d[i] * s * (1 - t * t), 2e-6) << kernels.name;
        EXPECT_NEAR(diff_b[i], d[i] * t * s * (1 - s), 2e-6) << kernels.name;
      }
    }
}

TEST(TrainingKernels, GateIsFlatFarOutAndKeepsNotANumber) {
  const float huge = 3e38f, infinite = std::numeric_limits<float>::infinity(), nan = NAN;
  const std::array a{huge, -huge, infinite, -infinite, 100.0f, -100.0f, nan, 1.0f, 0.0f, -50.0f};
  const std::array b{huge, huge, infinite, infinite, -100.0f, 50.0f, 1.0f, nan, 100.0f, -huge};
  for (const TrainingKernels& kernels : all_kernels()) {
    std::array<float, a.size()> dst{}, diff_a{}, diff_b{}, ones{};
    ones.fill(1.0f);
    kernels.gate(a.size(), a.data(), b.data(), dst.data());
    kernels.gate_backward(a.size(), a.data(), b.data(), ones.data(), diff_a.data(), diff_b.data());
    const std::array<float, a.size()> expected{1.0f, -1.0f, 1.0f, -1.0f, 0.0f, -1.0f, nan, nan, 0.0f, 0.0f};
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (std::isnan(expected[i])) {
        EXPECT_TRUE(std::isnan(dst[i]) && std::isnan(diff_a[i]) && std::isnan(diff_b[i]))
            << kernels.name << i;
        continue;
      }
      EXPECT_NEAR(dst[i], expected[i], 1e-6) << kernels.name << " " << i;
      EXPECT_NEAR(diff_a[i], i == 8 ? 1.0f : 0.0f, 1e-6) << kernels.name << " " << i;
      EXPECT_NEAR(diff_b[i], 0.0f, 1e-6) << kernels.name << " " << i;
    }
  }
}

// Kernels with gaps, on one plain channel and on blocks of channels, against plain loops.
TEST(TrainingKernels, WeightGradientSumsWhatTheTapsRead) {
  testing::Random random(6);
  for (const TrainingKernels& kernels : all_kernels()) {
    if (!kernels.weight_gradient) continue;
    for (int round = 0; round < 12; ++round) {
      const bool plain = round % 3 == 0;
      const int images = random.between(1, 2), height = random.between(1, 9), width = random.between(1, 9),
                channels = random.between(1, plain ? 3 : 20), filters = random.between(1, 40),
                lanes = kernels.lanes, dilation = random.between(1, 3);
      std::vector<KernelTap> taps;
      for (int row = 0; row < 3; ++row)
        for (int column = 0; column < 3; ++column)
          if (random.between(0, 2) > 0)
            taps.push_back({row, column, (row - 1) * dilation, (column - 1) * dilation});
      if (taps.empty()) taps.push_back({1, 1, 0, 0});
      const auto size = [](int value) { return static_cast<std::size_t>(value); };
      const auto blocks = [&](int maps) { return (maps + lanes - 1) / lanes; };
      const auto blocked = [&](int maps, int n, int c, int y, int x) {
        return size((((n * blocks(maps) + c / lanes) * height + y) * width + x) * lanes + c % lanes);
      };
      const auto source = [&](int n, int c, int y, int x) {
        return plain ? size(((n * channels + c) * height + y) * width + x) : blocked(channels, n, c, y, x);
      };
      std::vector<float> src(size(images * (plain ? channels : blocks(channels) * lanes) * height * width)),
          diff(size(images * blocks(filters) * lanes * height * width));
      for (int n = 0; n < images; ++n)
        for (int y = 0; y < height; ++y)
          for (int x = 0; x < width; ++x) {
            for (int c = 0; c < channels; ++c) src[source(n, c, y, x)] = random.normal();
            for (int f = 0; f < filters; ++f) diff[blocked(filters, n, f, y, x)] = random.normal();
          }
      WeightGradient gradient{.images = images,
                              .height = height,
                              .width = width,
                              .in_channels = channels,
                              .filters = filters,
                              .kernel_height = 3,
                              .kernel_width = 3,
                              .taps = taps.data(),
                              .tap_count = static_cast<int>(taps.size()),
                              .reach = reach_of(taps),
                              .plain_src = plain};
      std::vector<float> weights(size(filters * channels * 9), NAN), bias(size(filters)),
          scratch(weight_gradient_scratch(gradient, lanes) + 1, NAN);
      scratch.back() = 7.0f;
      if (plain) gradient.planes = src.data();
      gradient.weights = weights.data();
      gradient.bias = bias.data();
      gradient.scratch = scratch.data();
      kernels.weight_gradient(gradient, plain ? nullptr : src.data(), diff.data());
      EXPECT_EQ(scratch.back(), 7.0f) << "wrote past the scratch";
      for (int f = 0; f < filters; ++f)
        for (int c = 0; c < channels; ++c) {
          std::vector<bool> is_tap(9, false);
          for (const KernelTap& tap : taps) {
            is_tap[size(tap.row * 3 + tap.column)] = true;
            double expected = 0.0;
            for (int n = 0; n < images; ++n)
              for (int y = 0; y < height; ++y)
                for (int x = 0; x < width; ++x) {
                  const int row = y + tap.down, column = x + tap.right;
                  if (row < 0 || row >= height || column < 0 || column >= width) continue;
                  expected += double{src[source(n, c, row, column)]} * diff[blocked(filters, n, f, y, x)];
                }
            EXPECT_NEAR(weights[size((f * channels + c) * 9 + tap.row * 3 + tap.column)], expected, 1e-4)
                << kernels.name << (plain ? " plain" : "");
          }
          for (int tap = 0; tap < 9; ++tap)
            if (!is_tap[size(tap)]) {
              EXPECT_TRUE(std::isnan(weights[size((f * channels + c) * 9 + tap)]));
            }
        }
    }
  }
}

TEST(TrainingKernels, SumAddsAtEveryLengthAndInPlace) {
  testing::Random random(2);
  for (const TrainingKernels& kernels : training_kernels())
    for (std::size_t count = 0; count < 40; ++count) {
      const std::vector<float> a = normals(random, count), b = normals(random, count);
      std::vector<float> expected(count + 1, 7.0f), apart = expected, onto_b = b;
      for (std::size_t i = 0; i < count; ++i) expected[i] = a[i] + b[i];
      kernels.sum(count, a.data(), b.data(), apart.data());
      kernels.sum(count, a.data(), onto_b.data(), onto_b.data());
      EXPECT_EQ(apart, expected) << kernels.name;
      expected.pop_back();
      EXPECT_EQ(onto_b, expected) << kernels.name;
    }
}

// Exact: float sums of bf16 values, rounded once.
TEST(TrainingKernels, Bf16IsComputedInF32AndRoundedToTheNearest) {
  testing::Random random(3);
  const ActivationOp relu{.function = Activation::kRelu}, tanh{.function = Activation::kTanh};
  for (const TrainingKernels& kernels : training_kernels())
    for (std::size_t count = 0; count < 70; ++count) {
      std::vector<Bf16> a(count), b(count), sums(count + 1, 7), masked = sums, sloped = sums;
      for (std::size_t i = 0; i < count; ++i) {
        a[i] = nearest(random.normal());
        // Halves of the last place of a, so that ties come up.
        b[i] = i % 3 ? nearest(random.normal()) : nearest(widened(a[i]) / 256);
      }
      kernels.sum_bf16(count, a.data(), b.data(), sums.data());
      kernels.activation_backward_bf16(relu, count, a.data(), b.data(), masked.data());
      kernels.activation_backward_bf16(tanh, count, a.data(), b.data(), sloped.data());
      for (std::size_t i = 0; i < count; ++i) {
        const float x = widened(a[i]), y = widened(b[i]);
        EXPECT_EQ(sums[i], nearest(x + y)) << kernels.name << ": " << x << " + " << y;
        EXPECT_EQ(masked[i], x > 0 ? b[i] : 0) << kernels.name;
        EXPECT_NEAR(widened(sloped[i]), y * (1 - x * x), 0.005 * std::abs(y * (1 + x * x))) << kernels.name;
      }
      EXPECT_EQ(sums[count], 7) << kernels.name << " wrote past the end";
      EXPECT_EQ(masked[count], 7) << kernels.name << " wrote past the end";
    }
}

TEST(TrainingKernels, Bf16KeepsInfinitiesAndNotANumber) {
  for (const TrainingKernels& kernels : training_kernels()) {
    const std::vector<Bf16> a{0x7f80, 0xff80, 0x7fc0, 0x7f7f}, zero(4, 0);
    std::vector<Bf16> sums(4);
    kernels.sum_bf16(4, a.data(), zero.data(), sums.data());
    EXPECT_EQ(sums[0], 0x7f80) << kernels.name;
    EXPECT_EQ(sums[1], 0xff80) << kernels.name;
    EXPECT_TRUE(std::isnan(widened(sums[2]))) << kernels.name;
    EXPECT_EQ(sums[3], 0x7f7f) << kernels.name << ": the largest finite value";
  }
}

}  // namespace
}  // namespace pcnn

// The elementwise kernels of every instruction set this processor has, against loops that say what they mean.
// The weight gradient is tested within whole networks: program_test.cpp.

#include "engine/compile/kernels/training_kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tests/support/random.h"

namespace pcnn {
namespace {

std::vector<float> normals(testing::Random& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = random.normal();
  return values;
}

double derivative(const ActivationOp& op, double y) {
  switch (op.function) {
    case Activation::kRelu:
      return y > 0 ? 1 : 0;
    case Activation::kLeakyRelu:
      return y > 0 ? 1 : op.slope;
    case Activation::kElu:
      return y > 0 ? 1 : y + op.slope;
    case Activation::kTanh:
      return 1 - y * y;
    case Activation::kSigmoid:
      return y * (1 - y);
  }
  return 0;
}

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
          EXPECT_NEAR(apart[i], diff[i] * derivative(op, y[i]), 1e-6 * (1 + std::abs(apart[i])))
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
float widened(Bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

Bf16 nearest(float value) {
  const auto below = static_cast<Bf16>(std::bit_cast<std::uint32_t>(value) >> 16);
  const auto above = static_cast<Bf16>(below + 1);  // away from zero
  const double down = std::abs(static_cast<double>(value) - widened(below));
  const double up = std::abs(static_cast<double>(widened(above)) - value);
  return down < up || (down == up && below % 2 == 0) ? below : above;
}

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

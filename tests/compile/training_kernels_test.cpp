// The elementwise kernels of every instruction set this processor has, against loops that say what they mean.
// The weight gradient is tested within whole networks: program_test.cpp.

#include "engine/compile/training_kernels.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pcnn

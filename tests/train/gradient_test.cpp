#include "engine/train/gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/core/random.h"

namespace pcnn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> random_gradients(std::size_t count) {
  const RandomStream stream(3, Stream::kInitialisation);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = stream.normal(static_cast<std::uint32_t>(i));
  return values;
}

TEST(Gradient, SquaredNormMatchesAPlainSumAtEveryLength) {
  for (const std::size_t count : {0, 1, 7, 8, 9, 4095, 4096, 4097, 20003}) {
    const std::vector<float> gradients = random_gradients(count);
    long double expected = 0.0L;
    for (float g : gradients) expected += static_cast<long double>(g) * g;
    // Positive terms: the relative error is at most the number of additions on one lane (about 520) times
    // 2^-53.
    EXPECT_NEAR(squared_norm(gradients), static_cast<double>(expected),
                1e-13 * static_cast<double>(expected));
  }
}

TEST(Gradient, SquaredNormOfTheLargestFloatsIsExactInDouble) {
  const double largest = std::numeric_limits<float>::max();
  const std::vector<float> gradients(100, std::numeric_limits<float>::max());
  EXPECT_DOUBLE_EQ(squared_norm(gradients), 100.0 * largest * largest) << "beyond the range of float";
}

TEST(Gradient, ClipToNormScalesALongGradientToTheLimitAndReturnsTheOldNorm) {
  std::vector<float> gradients = {3.0f, 0.0f, -4.0f};
  EXPECT_DOUBLE_EQ(clip_to_norm(gradients, 2.5), 5.0);
  EXPECT_EQ(gradients, (std::vector{1.5f, 0.0f, -2.0f}));

  gradients = random_gradients(10000);
  const double norm = std::sqrt(squared_norm(gradients));
  EXPECT_DOUBLE_EQ(clip_to_norm(gradients, 1.0), norm);
  EXPECT_NEAR(std::sqrt(squared_norm(gradients)), 1.0, 1e-6);  // f32 roundings of the factor and the products
}

TEST(Gradient, ClipToNormLeavesAShortGradientItsBits) {
  const std::vector<float> before = {3.0f, 0.0f, -4.0f};
  for (const double limit : {5.0, 100.0}) {
    std::vector<float> gradients = before;
    EXPECT_DOUBLE_EQ(clip_to_norm(gradients, limit), 5.0);
    EXPECT_EQ(gradients, before);
  }
}

TEST(Gradient, ANonFiniteNormIsReturnedAndTheGradientKept) {
  for (const float bad : {kInfinity, -kInfinity, kNan}) {
    std::vector<float> gradients(100, 1.0f);
    gradients[57] = bad;
    EXPECT_FALSE(std::isfinite(clip_to_norm(gradients, 1.0)));
    EXPECT_EQ(gradients[0], 1.0f);
    EXPECT_FALSE(std::isfinite(gradients[57]));
  }
}

TEST(Gradient, ClipToValueLimitsBothSigns) {
  std::vector<float> gradients = {-7.0f, -0.5f, 0.0f, 0.25f, 7.0f, kInfinity, kNan};
  clip_to_value(gradients, 0.5f);
  EXPECT_TRUE(std::isnan(gradients.back()));
  gradients.pop_back();
  EXPECT_EQ(gradients, (std::vector{-0.5f, -0.5f, 0.0f, 0.25f, 0.5f, 0.5f}));
}

}  // namespace
}  // namespace pcnn

#include "engine/core/simd.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/random.h"

namespace pcnn {
namespace {

using Lanes = Simd<4>;

float exponential(float x) {
  return Lanes::exponential(Lanes::Vector{} + x)[0];
}

float logarithm(float x) {
  return Lanes::logarithm(Lanes::Vector{} + x)[0];
}

constexpr double kUlps = 2.5 * 0x1.0p-24;  // relative

TEST(Simd, ExponentialIsCorrectToAboutTwoUnitsInTheLastPlace) {
  testing::Random random(1);
  for (int i = 0; i < 100000; ++i) {
    const float x = random.uniform(-86.0f, 88.0f);
    const double exact = std::exp(double{x});
    ASSERT_NEAR(exponential(x), exact, 2.0 * kUlps * exact) << x;
  }
  EXPECT_EQ(exponential(0.0f), 1.0f);
}

TEST(Simd, ExponentialStaysFiniteAndPositiveForAnyNumber) {
  for (const float x : {-1e30f, -200.0f, -87.0f, 88.0f, 200.0f, 1e30f}) {
    EXPECT_GT(exponential(x), 0.0f) << x;
    EXPECT_TRUE(std::isfinite(exponential(x))) << x;
  }
}

TEST(Simd, ExponentialOfWhatIsNoNumberIsNone) {
  EXPECT_TRUE(std::isnan(exponential(NAN)));
}

TEST(Simd, LogarithmIsCorrectToAboutTwoUnitsInTheLastPlace) {
  testing::Random random(2);
  for (int i = 0; i < 100000; ++i) {
    const float x = std::exp(random.uniform(-85.0f, 85.0f)) * random.uniform(0.5f, 2.0f);
    const double exact = std::log(double{x});
    ASSERT_NEAR(logarithm(x), exact, 2.0 * kUlps * std::abs(exact)) << x;
  }
  for (int i = 0; i < 100000; ++i) {  // around one, where digits are easily lost
    const float x = 1.0f + random.uniform(-0.3f, 0.3f) * std::pow(10.0f, random.uniform(-6.0f, 0.0f));
    const double exact = std::log(double{x});
    ASSERT_NEAR(logarithm(x), exact, 2.0 * kUlps * std::abs(exact)) << x;
  }
  EXPECT_EQ(logarithm(1.0f), 0.0f);
  EXPECT_EQ(logarithm(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(logarithm(NAN)));
}

}  // namespace
}  // namespace pcnn

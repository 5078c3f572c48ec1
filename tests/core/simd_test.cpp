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

// Beyond its range it keeps the values of the ends, which are positive and finite.
TEST(Simd, ExponentialIsHeldAtTheEndsOfItsRange) {
  for (const float x : {-INFINITY, -1e30f, -200.0f, -87.5f, -87.0f})
    EXPECT_NEAR(exponential(x), std::exp(-87.0), 2.0 * kUlps * std::exp(-87.0)) << x;
  for (const float x : {88.0f, 88.5f, 200.0f, 1e30f, INFINITY})
    EXPECT_NEAR(exponential(x), std::exp(88.0), 2.0 * kUlps * std::exp(88.0)) << x;
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

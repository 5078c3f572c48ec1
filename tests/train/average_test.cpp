#include "engine/train/average.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "engine/core/random.h"

namespace pcnn {
namespace {

std::vector<float> random_values(std::size_t count, std::uint32_t tag) {
  const RandomStream stream(5, Stream::kInitialisation);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = stream.normal(static_cast<std::uint32_t>(i), tag);
  return values;
}

std::vector<float> copy(std::span<const float> values) {
  return {values.begin(), values.end()};
}

TEST(ParameterAverage, StartsAtTheParametersAndFollowsTheDefinition) {
  for (const bool warm_up : {false, true}) {
    std::vector<float> parameters = random_values(33, 0);
    ParameterAverage average({.decay = 0.9, .warm_up = warm_up}, parameters);
    EXPECT_EQ(copy(average.values()), parameters);
    std::vector<double> expected(parameters.begin(), parameters.end());
    for (std::uint32_t t = 0; t < 100; ++t) {
      parameters = random_values(33, t + 1);
      average.update(parameters);
      const double decay = warm_up ? std::min(0.9, (1.0 + t) / (10.0 + t)) : 0.9;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        expected[i] = decay * expected[i] + (1 - decay) * parameters[i];
        // Roundings of past steps decay too, so the error stays at about ten roundings of values below 4.
        EXPECT_NEAR(average.values()[i], expected[i], 3e-6);
      }
    }
    EXPECT_EQ(average.update_count(), 100);
  }
}

TEST(ParameterAverage, OfParametersThatDoNotMoveIsExactlyThem) {
  std::vector<float> parameters = random_values(33, 0);
  for (std::size_t i = 0; i < parameters.size(); i += 3) parameters[i] = 0.0f;  // dead weights
  ParameterAverage average({.decay = 0.999, .warm_up = true}, parameters);
  for (int t = 0; t < 50; ++t) average.update(parameters);
  EXPECT_EQ(copy(average.values()), parameters);
}

TEST(ParameterAverage, KeepsDeadWeightsExactlyZeroAmongMovingOnes) {
  std::vector<float> parameters = random_values(33, 0);
  parameters[4] = 0.0f;
  ParameterAverage average({.decay = 0.99}, parameters);
  for (std::uint32_t t = 1; t < 20; ++t) {
    parameters = random_values(33, t);
    parameters[4] = 0.0f;
    average.update(parameters);
  }
  EXPECT_EQ(std::bit_cast<std::uint32_t>(average.values()[4]), 0u);
}

TEST(ParameterAverage, UpdateInPiecesGivesTheBitsOfTheWhole) {
  const std::vector<float> start = random_values(1003, 0);
  ParameterAverage whole({.decay = 0.99, .warm_up = true}, start), pieces = whole;
  for (std::uint32_t t = 1; t <= 5; ++t) {
    const std::vector<float> parameters = random_values(1003, t);
    whole.update(parameters);
    pieces.begin_update();
    pieces.update_range(parameters, 500, 1003);
    for (std::size_t i = 0; i < 500; i += 50) pieces.update_range(parameters, i, i + 50);
  }
  EXPECT_EQ(copy(whole.values()), copy(pieces.values()));
}

TEST(ParameterAverage, ResumesFromValuesAndCountBitForBit) {
  ParameterAverage average({.decay = 0.9, .warm_up = true}, random_values(17, 0));
  for (std::uint32_t t = 1; t <= 4; ++t) average.update(random_values(17, t));

  ParameterAverage resumed({.decay = 0.9, .warm_up = true}, random_values(17, 99));
  std::ranges::copy(average.values(), resumed.mutable_values().begin());
  resumed.set_update_count(average.update_count());

  for (std::uint32_t t = 5; t <= 8; ++t) {
    average.update(random_values(17, t));
    resumed.update(random_values(17, t));
  }
  EXPECT_EQ(copy(average.values()), copy(resumed.values()));
}

}  // namespace
}  // namespace pcnn

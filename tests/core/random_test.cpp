#include "engine/core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace pcnn {
namespace {

// Known answers published with the reference implementation of Philox4x32-10.
TEST(Philox, MatchesTheReferenceVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, UniformIsInsideTheHalfOpenUnitIntervalWithMeanOneHalf) {
  const RandomStream stream(7, Stream::kSample);
  double sum = 0.0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const float u = stream.uniform(static_cast<std::uint32_t>(i));
    ASSERT_GE(u, 0.0f);
    ASSERT_LT(u, 1.0f);
    sum += u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));  // five standard errors
}

TEST(RandomStream, NormalHasUnitVariance) {
  const RandomStream stream(7, Stream::kInitialisation);
  double sum = 0.0, squares = 0.0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = stream.normal(static_cast<std::uint32_t>(i), 3);
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0, 5 * std::sqrt(2.0 / kDraws));
}

TEST(RandomStream, PurposesAndSeedsGiveDifferentNumbers) {
  std::set<PhiloxBlock> numbers;
  int drawn = 0;
  for (std::uint32_t purpose = 1; purpose <= 9; ++purpose)
    for (const std::uint64_t seed : {0ull, 1ull, 2ull, 1ull << 32, 1ull << 63})
      for (const std::uint32_t counter : {0u, 1u, 2u, 1u << 31}) {
        numbers.insert(RandomStream(seed, static_cast<Stream>(purpose)).bits(counter));
        ++drawn;
      }
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(drawn));
}

TEST(RandomStream, BelowCoversItsRangeEvenly) {
  const RandomStream stream(3, Stream::kShuffle);
  std::vector<int> counts(6);
  for (std::uint32_t i = 0; i < 60000; ++i) ++counts[stream.below(6, i)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(60000 * (1.0 / 6) * (5.0 / 6)));
}

}  // namespace
}  // namespace pcnn

#include "engine/model/mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/model/network_builder.h"
#include "engine/model/sight.h"
#include "tests/support/random.h"
#include "tests/support/reference_network.h"

namespace pcnn {
namespace {

constexpr MaskType kMasks[] = {MaskType::kA, MaskType::kB, MaskType::kRowsAbove, MaskType::kRowsUpToOwn,
                               MaskType::kNone};

template <typename Check>
void for_each_kernel(const Check& check) {
  for (int height = 1; height <= 9; height += 2)
    for (int width = 1; width <= 9; width += 2)
      for (const MaskType mask : kMasks) {
        SCOPED_TRACE(std::to_string(height) + "x" + std::to_string(width) + " mask " +
                     std::to_string(static_cast<int>(mask)));
        check(mask, height, width);
      }
}

TEST(Mask, LetsATapLiveExactlyWhereRasterOrderAllowsIt) {
  for_each_kernel([](MaskType mask, int height, int width) {
    for (int row = 0; row < height; ++row)
      for (int column = 0; column < width; ++column)
        EXPECT_EQ(is_live(mask, height, width, row, column),
                  testing::may_read(mask, row - height / 2, column - width / 2))
            << "row " << row << ", column " << column;
  });
}

TEST(Mask, KeepsTheCentreAndEveryLiveTapInTheLiveBoxAndNothingItCanDoWithout) {
  for_each_kernel([](MaskType mask, int height, int width) {
    const LiveBox box = live_box(mask, height, width);
    int taps = 0, lowest = height / 2, rightmost = width / 2;
    for (int row = 0; row < height; ++row)
      for (int column = 0; column < width; ++column) {
        if (!testing::may_read(mask, row - height / 2, column - width / 2)) continue;
        ++taps;
        lowest = std::max(lowest, row);
        rightmost = std::max(rightmost, column);
      }
    EXPECT_EQ(live_tap_count(mask, height, width), taps);
    EXPECT_EQ(box.rows, lowest + 1);
    EXPECT_EQ(box.columns, rightmost + 1);
  });
}

// By brute force: a tap is live exactly where what the source sees there is what the result may see.
TEST(Mask, BetweenTwoSightsLetsThroughWhatTheResultMaySee) {
  for (const Sight source : {Sight::kAbove, Sight::kBefore, Sight::kItself})
    for (const Sight result : {Sight::kAbove, Sight::kBefore})
      for (int row = 0; row < 5; ++row)
        for (int column = 0; column < 5; ++column) {
          const MaskType mask = mask_between(source, result);
          const Tap tap{.down = row - 2, .right = column - 2, .groups = GroupsRead::kOwn};
          EXPECT_EQ(is_live(mask, 5, 5, row, column), seen_through(tap, source) <= result)
              << static_cast<int>(source) << " " << static_cast<int>(result) << " " << row << " " << column;
        }
}

TEST(Mask, IsNoneWhereTheSourceSeesNothingAndRefusesWhatCannotBeDrawnFrom) {
  EXPECT_EQ(mask_between(Sight::kGiven, Sight::kAbove), MaskType::kNone);
  EXPECT_THROW(static_cast<void>(mask_between(Sight::kLater, Sight::kBefore)), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(mask_between(Sight::kBefore, Sight::kItself)), std::invalid_argument);
}

TEST(Mask, CountsTheTapsOfWellKnownKernels) {
  EXPECT_EQ(live_tap_count(MaskType::kA, 7, 7), 24);
  EXPECT_EQ(live_tap_count(MaskType::kB, 7, 7), 25);
  EXPECT_EQ(live_tap_count(MaskType::kB, 3, 3), 5);
  EXPECT_EQ(live_tap_count(MaskType::kB, 1, 1), 1);
  EXPECT_EQ(live_tap_count(MaskType::kA, 1, 1), 0);
  EXPECT_EQ(live_tap_count(MaskType::kA, 1, 5), 2);
  EXPECT_EQ(live_tap_count(MaskType::kA, 5, 1), 2);
  EXPECT_EQ(live_tap_count(MaskType::kRowsAbove, 3, 3), 3);
  EXPECT_EQ(live_tap_count(MaskType::kRowsUpToOwn, 3, 3), 6);
}

// Two inputs, three outputs, both masks, neither kernel square.
TEST(Mask, ZeroesDeadWeightsAndNothingElse) {
  NetworkBuilder builder(2, 5, 5, Activation::kRelu, 0.0f);
  const int features = builder.masked_conv("first", 0, MaskType::kA, {3, 5}, 3);
  const Network network =
      std::move(builder).finish(builder.masked_conv("second", features, MaskType::kB, {5, 3}, 2));
  std::vector<float> values(network.parameter_count(), NAN);
  for (const Parameter& parameter : network.parameters) {
    for (std::size_t i = 0; i < parameter.size; ++i) {
      float& value = values[parameter.offset + i];
      value = 1.0f + static_cast<float>(i);
      if (!parameter.is_kernel) continue;
      if (!testing::may_read(parameter, i)) value = NAN;
    }
  }
  std::vector<float> expected = values;
  for (float& value : expected)
    if (std::isnan(value)) value = 0.0f;

  zero_dead_weights(network, values);
  EXPECT_EQ(values, expected);
  EXPECT_EQ(network.live_parameter_count(), std::size_t{3 * 2 * 7 + 3 + 2 * 3 * 8 + 2});
}

// Random kernels of one to four groups against the definition, pair by pair.
TEST(Mask, LetsGroupsReadTheChannelsBeforeThemAtTheCentre) {
  testing::Random random(9);
  for (int round = 0; round < 60; ++round) {
    const int groups = random.between(1, 4);
    const MaskType type = kMasks[random.between(0, 4)];
    Parameter kernel{.shape = {groups * random.between(1, 3), groups * random.between(1, 3),
                               2 * random.between(0, 2) + 1, 2 * random.between(0, 2) + 1},
                     .is_kernel = true,
                     .mask = {type, groups}};
    const int taps = kernel.shape[2] * kernel.shape[3];
    kernel.size = static_cast<std::size_t>(kernel.shape[0] * kernel.shape[1] * taps);
    std::size_t live = 0;
    for (std::size_t i = 0; i < kernel.size; ++i) {
      const int tap = static_cast<int>(i) % taps, pair = static_cast<int>(i) / taps;
      const int to = group_of(pair / kernel.shape[1], kernel.shape[0], groups),
                from = group_of(pair % kernel.shape[1], kernel.shape[1], groups);
      const bool may = testing::may_read(kernel, i);
      EXPECT_EQ(is_live(kernel.mask, kernel.shape[2], kernel.shape[3], tap / kernel.shape[3],
                        tap % kernel.shape[3], to, from),
                may);
      live += may;
    }
    EXPECT_EQ(live_weights(kernel.mask, kernel.shape[0], kernel.shape[1], kernel.shape[2], kernel.shape[3]),
              live);
  }
}

// Three channels, as the figure in mask.h has them.
TEST(Mask, OrdersRedGreenBlue) {
  const auto centre = [](MaskType type, int to, int from) {
    return is_live({type, 3}, 3, 3, 1, 1, to, from);
  };
  EXPECT_FALSE(centre(MaskType::kA, 0, 0));
  EXPECT_TRUE(centre(MaskType::kA, 1, 0));
  EXPECT_FALSE(centre(MaskType::kA, 1, 1));
  EXPECT_TRUE(centre(MaskType::kA, 2, 1));
  EXPECT_TRUE(centre(MaskType::kB, 0, 0));
  EXPECT_FALSE(centre(MaskType::kB, 0, 1));
  EXPECT_TRUE(centre(MaskType::kB, 2, 0));
}

}  // namespace
}  // namespace pcnn

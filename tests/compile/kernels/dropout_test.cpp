// Dropout by the kernels of every instruction set this processor has, and by those of 16 lanes, against one
// block of Philox for each value.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/compile/kernels/dropout_tile.h"
#include "engine/core/random.h"
#include "tests/support/bf16.h"
#include "tests/support/map_layouts.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using testing::nearest, testing::normals, testing::widened;

std::vector<TrainingKernels> all_kernels() {
  std::vector<TrainingKernels> all(training_kernels().begin(), training_kernels().end());
  all.push_back({.name = "16 lanes",
                 .lanes = 16,
                 .dropout = DropoutTile<16>::run<float>,
                 .dropout_bf16 = DropoutTile<16>::run<Bf16>});
  return all;
}

DropoutPass random_pass(testing::Random& random, const MapLayout& layout) {
  const auto word = [&] { return static_cast<std::uint32_t>(random.between(0, 1 << 30)); };
  return {.layout = layout,
          .key = {word(), word()},
          .node = word(),
          .first_image = word(),
          .dropped = static_cast<std::uint32_t>(random.between(0, 65535)),
          .scale = 1.25f};
}

// The number of one value.
std::uint32_t number(const DropoutPass& pass, int image, int map, int pixel) {
  const PhiloxBlock block =
      philox4x32({static_cast<std::uint32_t>(pixel), static_cast<std::uint32_t>(map / 8), pass.node,
                  pass.first_image + static_cast<std::uint32_t>(image)},
                 pass.key);
  return (block[static_cast<std::size_t>(map % 8 / 2)] >> (map % 2 * 16)) & 0xffff;
}

TEST(Dropout, KeepsTheSameValuesInEveryLayoutAndZerosStayZero) {
  testing::Random random(8);
  for (const TrainingKernels& kernels : all_kernels())
    for (const MapLayout& layout : testing::map_layouts(random)) {
      const DropoutPass pass = random_pass(random, layout);
      std::vector<float> values = normals(random, testing::element_count(layout));
      testing::for_each_value(layout, [&](std::size_t at, int, int map, int) {
        if (map >= layout.maps) values[at] = 0.0f;
      });
      std::vector<float> apart(values.size() + 1, 7.0f), in_place = values;
      kernels.dropout(pass, values.data(), apart.data());
      kernels.dropout(pass, in_place.data(), in_place.data());
      EXPECT_EQ(apart.back(), 7.0f) << kernels.name << " wrote past the end";
      apart.pop_back();
      EXPECT_EQ(apart, in_place) << kernels.name;
      std::vector<Bf16> halves, kept(values.size());
      for (const float value : values) halves.push_back(nearest(value));
      kernels.dropout_bf16(pass, halves.data(), kept.data());
      testing::for_each_value(layout, [&](std::size_t at, int image, int map, int pixel) {
        const bool is_kept = number(pass, image, map, pixel) >= pass.dropped;
        ASSERT_EQ(apart[at], is_kept ? values[at] * pass.scale : 0.0f)
            << kernels.name << ", blocks of " << layout.block << ", map " << map << " of " << layout.maps;
        ASSERT_EQ(kept[at], is_kept ? nearest(widened(halves[at]) * pass.scale) : Bf16{0})
            << kernels.name << ", blocks of " << layout.block;
      });
    }
}

// Of n values n (1 - rate) are kept, with a standard deviation of sqrt(n rate (1 - rate)).
TEST(Dropout, DropsTheShareItIsTold) {
  const MapLayout layout{.images = 4, .maps = 64, .pixels = 784, .block = 8};
  const std::vector<float> ones(testing::element_count(layout), 1.0f);
  for (const double rate : {0.01, 0.1, 0.5, 0.9}) {
    const DropoutPass pass{
        .layout = layout, .key = {3, 4}, .dropped = static_cast<std::uint32_t>(std::round(65536 * rate))};
    std::vector<float> kept(ones.size());
    training_kernels().back().dropout(pass, ones.data(), kept.data());
    const double count = static_cast<double>(ones.size());
    EXPECT_NEAR(static_cast<double>(std::ranges::count(kept, 1.0f)), count * (1 - rate),
                4 * std::sqrt(count * rate * (1 - rate)))
        << rate;
  }
}

// Another step, op or image has other numbers.
TEST(Dropout, IsDrawnAnewForEveryKeyNodeAndImage) {
  const MapLayout layout{.images = 2, .maps = 64, .pixels = 100, .block = 8};
  const std::vector<float> ones(testing::element_count(layout), 1.0f);
  const auto kept_by = [&](const DropoutPass& pass) {
    std::vector<float> kept(ones.size());
    training_kernels().back().dropout(pass, ones.data(), kept.data());
    return kept;
  };
  const DropoutPass pass{.layout = layout, .key = {1, 2}, .node = 5, .dropped = 32768};
  DropoutPass other_key = pass, other_node = pass, other_image = pass;
  other_key.key[1] = 3;
  other_node.node = 6;
  other_image.first_image = 1;
  const std::vector<float> kept = kept_by(pass), next = kept_by(other_image);
  const auto agreement = [&](const std::vector<float>& other) {
    std::size_t same = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) same += kept[i] == other[i];
    return static_cast<double>(same) / static_cast<double>(kept.size());
  };
  EXPECT_EQ(kept, kept_by(pass));
  for (const DropoutPass& other : {other_key, other_node, other_image})
    EXPECT_NEAR(agreement(kept_by(other)), 0.5, 0.02);  // 4.5 deviations of 12,800
  // Image 1 is the same, whether it comes first in its shard or second.
  const auto half = static_cast<std::ptrdiff_t>(kept.size() / 2);
  EXPECT_TRUE(std::equal(kept.begin() + half, kept.end(), next.begin()));
}

}  // namespace
}  // namespace pcnn

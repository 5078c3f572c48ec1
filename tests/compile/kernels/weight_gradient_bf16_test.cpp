// The weight gradient in bf16, by this processor's instructions, by plain ones and in emulated tiles of AMX,
// against plain loops.

#include "engine/compile/kernels/weight_gradient_bf16_tile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/compile/kernels/pixel_gemm_tile.h"
#include "engine/core/index.h"
#include "tests/support/bf16.h"
#include "tests/support/emulated_amx.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using testing::nearest, testing::widened;

constexpr int kLanes = 16;

struct Kernel {
  void (*run)(const WeightGradient& gradient, const Bf16* src, const Bf16* diff_dst) = nullptr;
  std::size_t (*scratch)(const WeightGradient& gradient) = nullptr;
  bool takes_planes = false;
};
Kernel one_of(const Bf16Convolutions& convolutions) {
  return {convolutions.weight_gradient, convolutions.weight_gradient_scratch, convolutions.takes_planes};
}

// Maps in blocks of 16.
struct Maps {
  Maps(testing::Random& random, int images, int map_count, int rows, int columns)
      : maps(map_count),
        height(rows),
        width(columns),
        values(to_index(images * blocks() * height * width * kLanes)) {
    for (int image = 0; image < images; ++image)
      for (int map = 0; map < maps; ++map)
        for (int row = 0; row < height; ++row)
          for (int column = 0; column < width; ++column)
            values[at(image, map, row, column)] = nearest(random.normal());
  }
  int blocks() const { return (maps + kLanes - 1) / kLanes; }
  std::size_t at(int image, int map, int row, int column) const {
    return to_index((((image * blocks() + map / kLanes) * height + row) * width + column) * kLanes +
                    map % kLanes);
  }
  // In f32, a little off, so that they are to be rounded.
  std::vector<float> planes(int images) const {
    std::vector<float> all;
    for (int image = 0; image < images; ++image)
      for (int map = 0; map < maps; ++map)
        for (int row = 0; row < height; ++row)
          for (int column = 0; column < width; ++column)
            all.push_back(widened(values[at(image, map, row, column)]) * (1.0f + 0x1p-10f));
    return all;
  }
  double operator()(int image, int map, int row, int column) const {
    if (row < 0 || row >= height || column < 0 || column >= width) return 0.0;
    return widened(values[at(image, map, row, column)]);
  }

  int maps, height, width;
  std::vector<Bf16> values;
};

struct Case {
  int images, height, width, channels, filters;
  std::vector<KernelTap> taps;  // of a kernel of 3x3
  bool planes = false;          // as the source
};

void expect_sums_of_plain_loops(const Kernel& kernel, const Case& c, testing::Random& random) {
  SCOPED_TRACE(::testing::Message() << c.images << " images of " << c.height << "x" << c.width << ", "
                                    << c.channels << " -> " << c.filters << (c.planes ? ", planes" : ""));
  const Maps src(random, c.images, c.channels, c.height, c.width),
      diff(random, c.images, c.filters, c.height, c.width);
  WeightGradient gradient{.images = c.images,
                          .height = c.height,
                          .width = c.width,
                          .in_channels = c.channels,
                          .filters = c.filters,
                          .kernel_height = 3,
                          .kernel_width = 3,
                          .taps = c.taps.data(),
                          .tap_count = static_cast<int>(c.taps.size()),
                          .reach = reach_of(c.taps),
                          .plain_src = c.planes};
  const std::vector<float> planes = src.planes(c.images);
  if (c.planes) gradient.planes = planes.data();
  const std::size_t scratch_floats = kernel.scratch(gradient), guards = 64;
  std::vector<float> weights(to_index(c.filters * c.channels * 9), NAN), bias(to_index(c.filters), NAN),
      scratch(scratch_floats + guards, NAN);
  std::fill(scratch.end() - guards, scratch.end(), 7.0f);
  gradient.weights = weights.data();
  gradient.bias = bias.data();
  gradient.scratch = scratch.data();
  kernel.run(gradient, c.planes ? nullptr : src.values.data(), diff.values.data());

  std::vector<double> expected(weights.size(), NAN), expected_bias(bias.size());
  const auto sum_over_pixels = [&](auto&& term) {
    double sum = 0.0;
    for (int image = 0; image < c.images; ++image)
      for (int row = 0; row < c.height; ++row)
        for (int column = 0; column < c.width; ++column) sum += term(image, row, column);
    return sum;
  };
  for (int filter = 0; filter < c.filters; ++filter) {
    expected_bias[to_index(filter)] =
        sum_over_pixels([&](int image, int row, int column) { return diff(image, filter, row, column); });
    for (int channel = 0; channel < c.channels; ++channel)
      for (const KernelTap& tap : c.taps)
        expected[to_index((filter * c.channels + channel) * 9 + tap.row * 3 + tap.column)] =
            sum_over_pixels([&](int image, int row, int column) {
              return src(image, channel, row + tap.down, column + tap.right) *
                     diff(image, filter, row, column);
            });
  }
  // Products are exact, or nearly; each sum in f32 loses up to 2^-24 of some tens.
  const double pixels = c.images * c.height * c.width, tolerance = 1e-5 + 2e-7 * pixels;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (std::isnan(expected[i]))
      EXPECT_TRUE(std::isnan(weights[i])) << "a dead tap is written: " << i;
    else
      EXPECT_NEAR(weights[i], expected[i], tolerance) << i;
  }
  for (std::size_t i = 0; i < bias.size(); ++i) EXPECT_NEAR(bias[i], expected_bias[i], tolerance) << i;
  EXPECT_TRUE(std::all_of(scratch.end() - guards, scratch.end(), [](float guard) { return guard == 7.0f; }));
}

// `distance`: of neighbouring taps, in pixels.
std::vector<KernelTap> random_taps(testing::Random& random, int distance) {
  std::vector<KernelTap> taps;
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 3; ++column)
      if (random.between(0, 2) > 0)
        taps.push_back({row, column, (row - 1) * distance, (column - 1) * distance});
  if (taps.empty()) taps.push_back({1, 1, 0, 0});
  return taps;
}

void expect_sums_of_plain_loops(const Kernel& kernel) {
  testing::Random random(1);
  for (int round = 0; round < 30; ++round) {
    const int side = round % 3 == 0 ? 40 : 9;  // several chunks of rows, or one
    const Case c{.images = random.between(1, 3),
                 .height = random.between(1, side),
                 .width = random.between(1, side),
                 .channels = random.between(1, 40),
                 .filters = random.between(1, side == 9 ? 100 : 40),
                 .taps = random_taps(random, random.between(1, 4))};
    expect_sums_of_plain_loops(kernel, c, random);
    if (!kernel.takes_planes) continue;
    Case planes = c;
    planes.planes = true;
    planes.channels = random.between(1, 4);
    expect_sums_of_plain_loops(kernel, planes, random);
  }
  const std::vector<KernelTap> mask_b = {
      {0, 0, -1, -1}, {0, 1, -1, 0}, {0, 2, -1, 1}, {1, 0, 0, -1}, {1, 1, 0, 0}};
  for (const int width : {1, 2, 3, 8, 13})
    for (const int height : {1, 2, 7})
      expect_sums_of_plain_loops(
          kernel,
          {.images = 2, .height = height, .width = width, .channels = 17, .filters = 33, .taps = mask_b},
          random);
  // One tap each, to every side, up to where it reads beside the image alone.
  for (int down = -3; down <= 3; ++down)
    for (int right = -6; right <= 6; ++right)
      for (const int width : {4, 5})
        for (const bool planes : {false, true})
          if (!planes || kernel.takes_planes)
            expect_sums_of_plain_loops(kernel,
                                       {.images = 1,
                                        .height = 3,
                                        .width = width,
                                        .channels = 2,
                                        .filters = 3,
                                        .taps = {{2, 1, down, right}},
                                        .planes = planes},
                                       random);
}

TEST(WeightGradientBf16, OfThisProcessorSumsWhatTheTapsRead) {
  const auto& own = training_kernels().back().bf16_convolutions;
  if (!own) GTEST_SKIP() << "convolutions in bf16 are not our own on this processor";
  expect_sums_of_plain_loops(one_of(*own));
}

TEST(WeightGradientBf16, ByAPlainProductSumsWhatTheTapsRead) {
  expect_sums_of_plain_loops(
      {WeightGradientBf16Tile<PlainBf16Product<kLanes>>::run,
       [](const WeightGradient& gradient) { return weight_gradient_bf16_scratch(gradient, kLanes); }, true});
}

TEST(WeightGradientBf16, InTilesSumsWhatTheTapsRead) {
  expect_sums_of_plain_loops(one_of(testing::emulated_amx_convolutions()));
}

}  // namespace
}  // namespace pcnn

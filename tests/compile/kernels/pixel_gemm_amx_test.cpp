// The kernel for AMX, with emulated tiles on any machine, and with its own where there are some.

#include <gtest/gtest.h>

#include <cmath>

#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/core/amx.h"
#include "engine/core/bf16.h"
#include "tests/support/emulated_amx.h"
#include "tests/support/emulated_tiles.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using testing::EmulatedTiles;
using testing::Random;

// A product over taps of an OIHW kernel one row high, some of which lie outside the image.
struct Product {
  Product(Random& random, int row_count, int channels, int filter_count, int tap_count)
      : rows(row_count), depth(channels), filters(filter_count), taps(tap_count) {
    const auto fill = [&](std::vector<float>& values, int count) {
      for (int i = 0; i < count; ++i) values.push_back(random.normal());
    };
    fill(weights, filters * depth * taps);
    fill(bias, filters);
    fill(src, taps * rows * depth);
    fill(skip, rows * filters);
    for (int tap = 0; tap < taps; ++tap) is_inside.push_back(random.between(0, 3) > 0);
  }

  [[nodiscard]] std::vector<float> run(const PixelKernel& kernel, int first, int count) const {
    std::vector<WeightSlice> slices;
    for (int tap = 0; tap < taps; ++tap) slices.push_back({.column = tap});
    const std::vector<std::uint32_t> packed = pack_pixel_weights(
        {.weights = weights, .kernel = {filters, depth, 1, taps}, .count = filters}, slices, depth, kernel);
    const auto panels = static_cast<std::size_t>((filters + kernel.panel - 1) / kernel.panel);
    std::vector<float> padded_bias = bias;
    padded_bias.resize(panels * static_cast<std::size_t>(kernel.panel));
    const std::size_t words = depth_words(kernel.precision, depth);
    std::vector<PixelTap> inside;
    for (int tap = 0; tap < taps; ++tap)
      if (is_inside[static_cast<std::size_t>(tap)])
        inside.push_back({src.data() + (tap * rows + first) * depth,
                          static_cast<std::size_t>(tap * kernel.panel) * words});
    // What another product left there does not show.
    std::vector<std::uint16_t> scratch(
        2 * scratch_words(kernel, static_cast<std::size_t>(count), static_cast<std::size_t>(taps) * words),
        to_bf16(NAN));
    std::vector<float> dst(static_cast<std::size_t>(count * filters + 1), -7.0f);
    const ActivationOp relu{.src = 0, .function = Activation::kRelu};
    kernel.run({.rows = count,
                .depth = depth,
                .filters = filters,
                .taps = inside.data(),
                .tap_count = static_cast<int>(inside.size()),
                .weights = packed.data(),
                .panel_words = packed.size() / panels,
                .scratch = scratch.data(),
                .bias = padded_bias.data(),
                .activation = &relu,
                .skip = skip.data() + first * filters,
                .dst = dst.data()});
    EXPECT_EQ(dst.back(), -7.0f) << "written past the end";
    dst.pop_back();
    return dst;
  }

  // By hand: the channels of all taps one after the other, in pairs, sixteen pairs to an instruction.
  [[nodiscard]] float expected(int row, int filter) const {
    std::vector<std::uint32_t> a, b;
    for (int tap = 0; tap < taps; ++tap)
      for (int k = 0; k < depth; k += 2) {
        const auto pair = [&](auto&& value) {
          const std::uint32_t second = k + 1 < depth ? to_bf16(value(k + 1)) : 0u;
          return to_bf16(value(k)) | second << 16;
        };
        const bool inside = is_inside[static_cast<std::size_t>(tap)];
        a.push_back(pair([&](int channel) {
          return inside ? src[static_cast<std::size_t>((tap * rows + row) * depth + channel)] : 0.0f;
        }));
        b.push_back(pair([&](int channel) {
          return weights[static_cast<std::size_t>((filter * depth + channel) * taps + tap)];
        }));
      }
    while (a.size() % 16 != 0) a.push_back(0), b.push_back(0);
    float sum = 0.0f;
    for (std::size_t first = 0; first < a.size(); first += 16)
      sum = EmulatedTiles::sum_of_pairs(
          sum, [&](int k) { return a[first + static_cast<std::size_t>(k)]; },
          [&](int k) { return b[first + static_cast<std::size_t>(k)]; });
    return std::max(0.0f, sum + bias[static_cast<std::size_t>(filter)]) +
           skip[static_cast<std::size_t>(row * filters + filter)];
  }

  int rows, depth, filters, taps;
  std::vector<float> weights, bias, src, skip;
  std::vector<bool> is_inside;
};

TEST(AmxProduct, AddsInTheOrderOfTheInstructionForAnyShape) {
  Random random(3);
  for (int round = 0; round < 40; ++round) {
    const Product product(random, random.between(1, 50), random.between(1, 70), random.between(1, 70),
                          random.between(1, 9));
    const std::vector<float> dst = product.run(testing::emulated_amx(), 0, product.rows);
    for (int row = 0; row < product.rows; ++row)
      for (int filter = 0; filter < product.filters; ++filter)
        ASSERT_EQ(dst[static_cast<std::size_t>(row * product.filters + filter)],
                  product.expected(row, filter))
            << "round " << round << ", row " << row << ", filter " << filter;
  }
}

TEST(AmxProduct, GivesARowTheSameBitsAmongAnyOthers) {
  Random random(4);
  const Product product(random, 70, 33, 41, 5);
  const std::vector<float> all = product.run(testing::emulated_amx(), 0, 70);
  for (const int count : {1, 2, 15, 16, 17, 31, 32, 33, 48, 49})
    for (int first = 0; first + count <= 70; first += 7) {
      const std::vector<float> some = product.run(testing::emulated_amx(), first, count);
      ASSERT_TRUE(std::equal(some.begin(), some.end(), all.begin() + first * 41))
          << "rows " << first << " to " << first + count;
    }
}

TEST(AmxProduct, OfTheProcessorIsThatOfTheEmulation) {
  if (!has_amx()) GTEST_SKIP() << "no AMX here, or it may not be used";
  Random random(5);
  for (const PixelKernel& kernel : runnable_pixel_kernels()) {
    if (kernel.block == 1) continue;
    for (int round = 0; round < 20; ++round) {
      const Product product(random, random.between(1, 50), random.between(1, 70), random.between(1, 70),
                            random.between(1, 9));
      const std::vector<float> dst = product.run(kernel, 0, product.rows);
      for (int row = 0; row < product.rows; ++row)
        for (int filter = 0; filter < product.filters; ++filter)
          // Sums of up to 630 products of size one; the manual does not bind the processor to the last bit.
          ASSERT_NEAR(dst[static_cast<std::size_t>(row * product.filters + filter)],
                      product.expected(row, filter), 2e-4);
    }
  }
}

TEST(AmxEmulation, FlushesDenormalNumbersAndKeepsNans) {
  EmulatedTiles tiles;
  std::uint32_t a[16][16] = {}, b[16][16] = {};
  float sums[16][16] = {};
  a[0][0] = 0x00010000u | to_bf16(2.0f);  // a denormal number and 2
  b[0][0] = std::uint32_t{to_bf16(1e38f)} << 16 | to_bf16(3.0f);
  a[1][0] = to_bf16(std::ldexp(1.0f, -100));  // the product is denormal
  b[0][1] = to_bf16(std::ldexp(1.0f, -40));
  a[2][0] = to_bf16(NAN);
  sums[3][0] = std::ldexp(1.0f, -140);  // a denormal sum
  tiles.load<0>(sums, 64);
  tiles.load<1>(a, 64);
  tiles.load<2>(b, 64);
  tiles.multiply<0, 1, 2>();
  tiles.store<0>(sums, 64);
  EXPECT_EQ(sums[0][0], 6.0f);
  EXPECT_EQ(sums[1][1], 0.0f);
  EXPECT_TRUE(std::isnan(sums[2][0]));
  EXPECT_EQ(sums[3][0], 0.0f);
}

}  // namespace
}  // namespace pcnn

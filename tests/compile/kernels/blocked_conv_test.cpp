// The convolution between maps in blocks against loops that say what it means, in every width of vectors.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>
#include <vector>

#include "engine/compile/kernels/blocked_conv_tile.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/bf16.h"
#include "engine/core/index.h"
#include "tests/support/activations.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using testing::normals;

// Maps in blocks of `lanes`, [image][block][pixel][lane].
struct Blocks {
  int images, maps, pixels, lanes;

  [[nodiscard]] int blocks() const { return (maps + lanes - 1) / lanes; }
  [[nodiscard]] std::size_t size() const { return to_index(images * blocks() * pixels * lanes); }
  [[nodiscard]] std::size_t at(int image, int map, int pixel) const {
    return to_index(((image * blocks() + map / lanes) * pixels + pixel) * lanes + map % lanes);
  }
};

template <typename Product>
inline constexpr bool kIsBf16 = Product::kPrecision == Precision::kBf16;
template <typename Product>
using ElementOf = std::conditional_t<kIsBf16<Product>, Bf16, float>;

double number(float value) {
  return value;
}
double number(Bf16 value) {
  return from_bf16(value);
}

template <typename Element>
Element element(float value) {
  if constexpr (std::is_same_v<Element, Bf16>)
    return to_bf16(value);
  else
    return value;
}

template <typename Element>
std::vector<Element> normal_elements(testing::Random& random, std::size_t count) {
  std::vector<Element> all;
  for (const float value : normals(random, count)) all.push_back(element<Element>(value));
  return all;
}

template <typename Element>
struct Case {
  BlockedConv conv;
  BlockedMaps<Element> maps;
  std::vector<KernelTap> taps;
  std::vector<float> plain, packed, bias;
  std::vector<Element> src, added, value;
  Blocks from, to;
};

// What fills up blocks is 0 in src, and anything in what is added: the kernel may not care.
template <typename Product>
Case<ElementOf<Product>> random_case(testing::Random& random, int lanes) {
  using Element = ElementOf<Product>;
  const bool planes = !kIsBf16<Product> && random.between(0, 2) == 0;
  Case<Element> c{.conv = {.images = random.between(1, 3),
                           .height = random.between(1, 12),
                           .width = random.between(1, 40),
                           .in_channels = planes ? random.between(1, 4) : random.between(1, 3 * lanes),
                           .filters = random.between(1, 7 * lanes),
                           .source_block = planes ? 1 : lanes,
                           .maps_of_word = kIsBf16<Product> ? kMapsOfBf16Word : 1}};
  const int rows = random.between(0, 3), columns = random.between(0, 3), gap = random.between(1, 3);
  for (int down = -rows; down <= rows; ++down)
    for (int right = -columns; right <= columns; ++right)
      if (random.between(0, 2) || (down == rows && right == columns))
        c.taps.push_back({0, 0, down * gap, right * gap});
  BlockedConv& conv = c.conv;
  conv.taps = c.taps.data();
  conv.tap_count = static_cast<int>(c.taps.size());
  conv.reach = reach_of(c.taps);
  c.from = {conv.images, conv.in_channels, conv.height * conv.width, conv.source_block};
  c.to = {conv.images, conv.filters, conv.height * conv.width, lanes};
  c.src.resize(c.from.size());
  for (int image = 0; image < conv.images; ++image)
    for (int map = 0; map < conv.in_channels; ++map)
      for (int pixel = 0; pixel < c.from.pixels; ++pixel)
        c.src[c.from.at(image, map, pixel)] = normal_elements<Element>(random, 1)[0];
  for (const auto weight :
       normal_elements<Element>(random, to_index(conv.filters * conv.in_channels * conv.tap_count)))
    c.plain.push_back(static_cast<float>(number(weight)));
  const BlockedWeights weights{conv.in_channels,  conv.filters,      conv.tap_count,
                               conv.source_block, conv.maps_of_word, lanes};
  c.packed.resize(weights.size());
  weights.pack(c.plain, c.packed.data());
  c.bias = normals(random, to_index(conv.filters));
  c.added = normal_elements<Element>(random, c.to.size());
  c.value = normal_elements<Element>(random, c.to.size());
  c.maps.src = c.src.data();
  conv.weights = c.packed.data();
  return c;
}

template <typename Element>
double linear(const Case<Element>& c, int image, int filter, int row, int column, double& sizes) {
  const BlockedConv& conv = c.conv;
  double sum = conv.bias ? c.bias[to_index(filter)] : 0.0;
  for (int tap = 0; tap < conv.tap_count; ++tap) {
    const int y = row + c.taps[to_index(tap)].down, x = column + c.taps[to_index(tap)].right;
    if (y < 0 || y >= conv.height || x < 0 || x >= conv.width) continue;
    for (int channel = 0; channel < conv.in_channels; ++channel) {
      const double product =
          number(c.src[c.from.at(image, channel, y * conv.width + x)]) *
          double{c.plain[to_index((filter * conv.in_channels + channel) * conv.tap_count + tap)]};
      sum += product;
      sizes += std::abs(product);
    }
  }
  return sum;
}

std::optional<ActivationOp> random_activation(testing::Random& random) {
  if (random.between(0, 1) == 0) return {};
  return ActivationOp{.function = static_cast<Activation>(random.between(0, 4)), .slope = 0.3f};
}

template <int kLanes, typename Product>
void expect_the_sums_of_plain_loops(std::uint64_t seed) {
  using Element = ElementOf<Product>;
  using Tile = BlockedConvTile<kLanes, Product>;
  SCOPED_TRACE(std::to_string(kLanes) + " lanes, seed " + std::to_string(seed));
  testing::Random random(seed);
  Case<Element> c = random_case<Product>(random, kLanes);
  BlockedConv& conv = c.conv;
  BlockedMaps<Element>& maps = c.maps;
  const auto f = random_activation(random), g = random_activation(random);
  conv.activation = f ? &*f : nullptr;
  conv.derivative = g ? &*g : nullptr;
  maps.value = c.value.data();
  if (random.between(0, 1)) conv.bias = c.bias.data();
  if (random.between(0, 1)) maps.added = c.added.data();
  const Element untouched = element<Element>(7.0f);
  std::vector<Element> dst(c.to.size() + 1, untouched), unsummed(c.to.size() + 1, untouched);
  std::vector<float> scratch(blocked_conv_scratch(conv, kLanes) + 1, 7.0f);
  maps.dst = dst.data();
  if (random.between(0, 1)) maps.unsummed = unsummed.data();
  conv.scratch = scratch.data();
  Tile::run(conv, maps);

  const double rounding = kIsBf16<Product> ? 0x1p-8 : 0.0;
  for (int image = 0; image < conv.images; ++image)
    for (int filter = 0; filter < conv.filters; ++filter)
      for (int row = 0; row < conv.height; ++row)
        for (int column = 0; column < conv.width; ++column) {
          double sizes = 1.0;
          const double sum = linear(c, image, filter, row, column, sizes);
          const double own = f ? testing::activate(*f, sum) : sum;
          const std::size_t at = c.to.at(image, filter, row * conv.width + column);
          const double added = maps.added ? number(c.added[at]) : 0.0,
                       slope = g ? testing::derivative_from_value(*g, number(c.value[at])) : 1.0;
          const double expected = (own + added) * slope;
          EXPECT_NEAR(
              number(dst[at]), expected,
              1e-6 * (sizes + std::abs(added)) * (1 + std::abs(slope)) + rounding * std::abs(expected));
          if (maps.unsummed) {
            EXPECT_NEAR(number(unsummed[at]), own, 1e-6 * sizes + rounding * std::abs(own));
          }
        }
  for (int filter = conv.filters; maps.unsummed && filter % kLanes; ++filter) {
    EXPECT_EQ(number(unsummed[c.to.at(0, filter, 0)]), 0.0) << "what fills up the last block";
  }
  EXPECT_EQ(dst.back(), untouched) << "wrote past the end";
  EXPECT_EQ(unsummed.back(), untouched) << "wrote past the end";
  EXPECT_EQ(scratch.back(), 7.0f) << "wrote past the scratch";

  // In place of what is added, and of the value.
  for (std::vector<Element>* const place : {&c.added, &c.value}) {
    if (place == &c.added && !maps.added) continue;
    const std::vector<Element> before = *place;
    maps.dst = place->data();
    Tile::run(conv, maps);
    for (std::size_t i = 0; i < place->size(); ++i) EXPECT_EQ((*place)[i], dst[i]);
    *place = before;
  }
}

TEST(BlockedConv, IsTheSumOfPlainLoops) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    expect_the_sums_of_plain_loops<4, FloatProduct<4>>(seed);
    expect_the_sums_of_plain_loops<8, FloatProduct<8>>(seed);
    expect_the_sums_of_plain_loops<16, FloatProduct<16>>(seed);
    expect_the_sums_of_plain_loops<16, PlainBf16Product<16>>(seed);
  }
}

// By the processor's instruction: what plain ones give, but for how it rounds inside.
TEST(BlockedConv, AgreesWithPlainInstructionsInBf16) {
  const auto run = training_kernels().back().blocked_conv_bf16;
  if (!run) GTEST_SKIP() << "convolutions in bf16 are not our own on this processor";
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    testing::Random random(seed);
    Case<Bf16> c = random_case<PlainBf16Product<16>>(random, 16);
    const auto f = random_activation(random);
    c.conv.activation = f ? &*f : nullptr;
    c.conv.bias = c.bias.data();
    c.maps.added = c.added.data();
    std::vector<float> scratch(blocked_conv_scratch(c.conv, 16) + 1, 7.0f);
    c.conv.scratch = scratch.data();
    std::vector<Bf16> plain(c.to.size()), fast(c.to.size() + 1, 7);
    c.maps.dst = plain.data();
    BlockedConvTile<16, PlainBf16Product<16>>::run(c.conv, c.maps);
    c.maps.dst = fast.data();
    run(c.conv, c.maps);
    for (std::size_t i = 0; i < plain.size(); ++i)
      ASSERT_NEAR(number(fast[i]), number(plain[i]), 0x1p-7 * std::abs(number(plain[i])) + 1e-3) << seed;
    EXPECT_EQ(fast.back(), 7) << "wrote past the end";
    EXPECT_EQ(scratch.back(), 7.0f) << "wrote past the scratch";
  }
}

template <int kLanes, typename Product>
void expect_the_bias_without_taps() {
  using Element = ElementOf<Product>;
  testing::Random random(5);
  auto c = random_case<Product>(random, kLanes);
  BlockedConv& conv = c.conv;
  conv.tap_count = 0;
  conv.reach = {};
  conv.bias = c.bias.data();
  std::vector<Element> dst(c.to.size());
  std::vector<float> scratch(blocked_conv_scratch(conv, kLanes));
  c.maps.dst = dst.data();
  conv.scratch = scratch.data();
  BlockedConvTile<kLanes, Product>::run(conv, c.maps);
  for (int image = 0; image < conv.images; ++image)
    for (int filter = 0; filter < conv.filters; ++filter)
      for (int pixel = 0; pixel < c.to.pixels; ++pixel)
        EXPECT_EQ(dst[c.to.at(image, filter, pixel)], element<Element>(c.bias[to_index(filter)]));
}

TEST(BlockedConv, IsTheBiasWhereNoTapLiesInTheImage) {
  expect_the_bias_without_taps<8, FloatProduct<8>>();
  expect_the_bias_without_taps<16, FloatProduct<16>>();
  expect_the_bias_without_taps<16, PlainBf16Product<16>>();
}

template <int kLanes, typename Product>
void expect_the_same_bits_alone(void (*run)(const BlockedConv&, const BlockedMaps<ElementOf<Product>>&)) {
  using Element = ElementOf<Product>;
  testing::Random random(3);
  for (int i = 0; i < 20; ++i) {
    auto c = random_case<Product>(random, kLanes);
    BlockedConv& conv = c.conv;
    const auto run_images = [&](int images, const Element* src) {
      std::vector<Element> dst(c.to.size());
      std::vector<float> scratch(blocked_conv_scratch(conv, kLanes));
      BlockedConv part = conv;
      part.images = images;
      part.scratch = scratch.data();
      run(part, {.src = src, .dst = dst.data()});
      dst.resize(c.to.size() / to_index(conv.images) * to_index(images));
      return dst;
    };
    const std::vector<Element> all = run_images(conv.images, c.src.data());
    const std::size_t of_src = c.src.size() / to_index(conv.images),
                      of_dst = all.size() / to_index(conv.images);
    for (int image = 0; image < conv.images; ++image) {
      const std::vector<Element> alone = run_images(1, c.src.data() + to_index(image) * of_src);
      EXPECT_TRUE(std::ranges::equal(alone, std::span(all).subspan(to_index(image) * of_dst, of_dst)));
    }
  }
}

// Bits do not depend on what else is computed: of an image alone as in a batch.
TEST(BlockedConv, GivesAnImageTheSameBitsAloneAsInABatch) {
  expect_the_same_bits_alone<8, FloatProduct<8>>(BlockedConvTile<8>::run);
  expect_the_same_bits_alone<16, FloatProduct<16>>(BlockedConvTile<16>::run);
  expect_the_same_bits_alone<16, PlainBf16Product<16>>(BlockedConvTile<16, PlainBf16Product<16>>::run);
  if (const auto run = training_kernels().back().blocked_conv_bf16)
    expect_the_same_bits_alone<16, PlainBf16Product<16>>(run);
}

}  // namespace
}  // namespace pcnn

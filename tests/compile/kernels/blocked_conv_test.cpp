// The convolution between maps in blocks against loops that say what it means, in every width of vectors and
// in tiles.

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
#include "tests/support/emulated_amx.h"
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

// What computes one.
template <typename Element>
struct Kernel {
  int lanes = 0;
  int channel_block = 0;  // of packed weights
  bool takes_planes = false;
  void (*run)(const BlockedConv& conv, const BlockedMaps<Element>& maps) = nullptr;
  std::size_t (*scratch)(const BlockedConv& conv) = nullptr;
};

template <typename Element>
inline constexpr bool kIsBf16 = std::is_same_v<Element, Bf16>;

template <int kLanes>
Kernel<float> in_vectors() {
  return {kLanes, kLanes, true, BlockedConvTile<kLanes>::run,
          [](const BlockedConv& conv) { return blocked_conv_scratch(conv, kLanes); }};
}
Kernel<Bf16> in_plain_bf16() {
  return {16, 16, true, BlockedConvTile<16, PlainBf16Product<16>>::run,
          [](const BlockedConv& conv) { return blocked_conv_scratch(conv, 16); }};
}
Kernel<Bf16> one_of(const Bf16Convolutions& convolutions) {
  return {16, convolutions.channel_block, convolutions.takes_planes, convolutions.conv,
          convolutions.conv_scratch};
}
Kernel<Bf16> in_emulated_tiles() {
  return one_of(testing::emulated_amx_convolutions());
}

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
  std::vector<KernelTap> taps, places;  // the conv's own are the places, of planes in bf16
  std::vector<float> plain, packed, bias, planes;
  std::vector<Element> src, added, value;
  Blocks from, to;
};

// Weights [filter and channel][tap] as those of the two pixels of words: [filter and channel][pixel][pair].
std::vector<float> of_words(const std::vector<float>& weights, const std::vector<KernelTap>& taps,
                            const std::vector<TapPair>& pairs) {
  std::vector<float> words;
  for (std::size_t first = 0; first < weights.size(); first += taps.size())
    for (const int pixel : {0, 1})
      for (const TapPair& pair : pairs) {
        float weight = 0.0f;
        for (std::size_t tap = 0; tap < taps.size(); ++tap)
          if (taps[tap].down == pair.place().down && taps[tap].right == pair.place().right + pixel &&
              (pixel == 1 || pair.first))
            weight = weights[first + tap];
        words.push_back(weight);
      }
  return words;
}

// What fills up blocks is 0 in src, and anything in what is added: the kernel may not care. One in ten is so
// large that its rows are computed in several chunks.
template <typename Element>
Case<Element> random_case(testing::Random& random, const Kernel<Element>& kernel) {
  const int lanes = kernel.lanes;
  const bool planes = kernel.takes_planes && random.between(0, 2) == 0;
  Case<Element> c{.conv = {.images = random.between(1, 3),
                           .height = random.between(1, 12),
                           .width = random.between(1, 40),
                           .in_channels = planes ? random.between(1, 4) : random.between(1, 3 * lanes),
                           .filters = random.between(1, 7 * lanes),
                           .source_block = planes ? 1 : lanes,
                           .maps_of_word = kIsBf16<Element> ? kMapsOfBf16Word : 1}};
  int rows = random.between(0, 3), columns = random.between(0, 3), gap = random.between(1, 3);
  if (random.between(0, 9) == 0 && !planes) {
    c.conv.images = 1;
    c.conv.height = random.between(28, 40), c.conv.width = random.between(28, 40);
    c.conv.in_channels = random.between(3 * lanes + 1, 4 * lanes),
    c.conv.filters = random.between(1, lanes + 3);
    rows = columns = gap = 1;
  }
  for (int down = -rows; down <= rows; ++down)
    for (int right = -columns; right <= columns; ++right)
      if (random.between(0, 2) || (down == rows && right == columns))
        c.taps.push_back({0, 0, down * gap, right * gap});
  if (random.between(0, 7) == 0) c.taps = {{0, 0, 0, 0}, {0, 0, 0, 1}};  // no zeros around a word of both
  BlockedConv& conv = c.conv;
  const bool in_words = planes && kIsBf16<Element>;
  const std::vector<TapPair> pairs = in_pairs(c.taps);
  if (in_words)
    for (const TapPair& pair : pairs) c.places.push_back(pair.place());
  else
    c.places = c.taps;
  conv.taps = c.places.data();
  conv.tap_count = static_cast<int>(c.places.size());
  conv.reach = reach_of(c.places);
  c.from = {conv.images, conv.in_channels, conv.height * conv.width, conv.source_block};
  c.to = {conv.images, conv.filters, conv.height * conv.width, lanes};
  c.src.resize(c.from.size());
  c.planes.resize(c.from.size());
  for (int image = 0; image < conv.images; ++image)
    for (int map = 0; map < conv.in_channels; ++map)
      for (int pixel = 0; pixel < c.from.pixels; ++pixel) {
        const std::size_t at = c.from.at(image, map, pixel);
        c.planes[at] = normals(random, 1)[0];
        c.src[at] = element<Element>(c.planes[at]);
      }
  for (const auto weight :
       normal_elements<Element>(random, to_index(conv.filters * conv.in_channels) * c.taps.size()))
    c.plain.push_back(static_cast<float>(number(weight)));
  const BlockedWeights weights{.in_channels = conv.in_channels * (in_words ? kMapsOfBf16Word : 1),
                               .filters = conv.filters,
                               .taps = conv.tap_count,
                               .channel_block = !planes    ? kernel.channel_block
                                                : in_words ? kMapsOfBf16Word
                                                           : 1,
                               .maps_of_word = conv.maps_of_word,
                               .lanes = lanes};
  c.packed.resize(weights.size());
  weights.pack(in_words ? of_words(c.plain, c.taps, pairs) : c.plain, c.packed.data());
  c.bias = normals(random, to_index(conv.filters));
  c.added = normal_elements<Element>(random, c.to.size());
  c.value = normal_elements<Element>(random, c.to.size());
  if (planes)
    c.maps.planes = c.planes.data();
  else
    c.maps.src = c.src.data();
  conv.weights = c.packed.data();
  return c;
}

template <typename Element>
double linear(const Case<Element>& c, int image, int filter, int row, int column, double& sizes) {
  const BlockedConv& conv = c.conv;
  double sum = conv.bias ? c.bias[to_index(filter)] : 0.0;
  for (std::size_t tap = 0; tap < c.taps.size(); ++tap) {
    const int y = row + c.taps[tap].down, x = column + c.taps[tap].right;
    if (y < 0 || y >= conv.height || x < 0 || x >= conv.width) continue;
    for (int channel = 0; channel < conv.in_channels; ++channel) {
      const double product =
          number(c.src[c.from.at(image, channel, y * conv.width + x)]) *
          double{c.plain[to_index(filter * conv.in_channels + channel) * c.taps.size() + tap]};
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

template <typename Element>
void expect_the_sums_of_plain_loops(const Kernel<Element>& kernel, std::uint64_t seed) {
  SCOPED_TRACE(std::to_string(kernel.lanes) + " lanes, seed " + std::to_string(seed));
  testing::Random random(seed);
  Case<Element> c = random_case(random, kernel);
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
  std::vector<float> scratch(kernel.scratch(conv) + 1, NAN);
  scratch.back() = 7.0f;
  maps.dst = dst.data();
  if (random.between(0, 1)) maps.unsummed = unsummed.data();
  conv.scratch = scratch.data();
  kernel.run(conv, maps);

  const double rounding = kIsBf16<Element> ? 0x1p-8 : 0.0;
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
  for (int filter = conv.filters; maps.unsummed && filter % kernel.lanes; ++filter) {
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
    kernel.run(conv, maps);
    for (std::size_t i = 0; i < place->size(); ++i) EXPECT_EQ((*place)[i], dst[i]);
    *place = before;
  }
}

TEST(BlockedConv, IsTheSumOfPlainLoops) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    expect_the_sums_of_plain_loops(in_vectors<4>(), seed);
    expect_the_sums_of_plain_loops(in_vectors<8>(), seed);
    expect_the_sums_of_plain_loops(in_vectors<16>(), seed);
    expect_the_sums_of_plain_loops(in_plain_bf16(), seed);
  }
}

TEST(BlockedConv, InTilesIsTheSumOfPlainLoops) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) expect_the_sums_of_plain_loops(in_emulated_tiles(), seed);
}

TEST(BlockedConv, PairsTapsBesideEachOther) {
  const auto tap = [](int down, int right) { return KernelTap{down + 3, right + 3, down, right}; };
  const std::vector<KernelTap> taps{tap(-1, -2), tap(-1, -1), tap(-1, 0), tap(-1, 2),
                                    tap(0, -2),  tap(0, -1),  tap(1, 0)};
  const std::vector<TapPair> pairs = in_pairs(taps);
  std::vector<std::vector<int>> found;
  for (const TapPair& pair : pairs) {
    EXPECT_EQ(pair.place().down, pair.second.down);
    EXPECT_EQ(pair.place().right, pair.second.right - 1);
    if (pair.first) {
      EXPECT_EQ(pair.first->column, pair.second.column - 1);
      EXPECT_EQ(pair.first->row, pair.second.row);
    }
    found.push_back({pair.second.down, pair.first ? pair.first->right : 99, pair.second.right});
  }
  EXPECT_EQ(found,
            (std::vector<std::vector<int>>{{-1, 99, -2}, {-1, -1, 0}, {-1, 99, 2}, {0, -2, -1}, {1, 99, 0}}));
  EXPECT_TRUE(in_pairs({}).empty());
}

// By the processor's instruction: what plain ones give, but for how it rounds inside.
TEST(BlockedConv, AgreesWithPlainInstructionsInBf16) {
  const auto& own = training_kernels().back().bf16_convolutions;
  if (!own) GTEST_SKIP() << "convolutions in bf16 are not our own on this processor";
  const auto result_of = [](const Kernel<Bf16>& kernel, std::uint64_t seed) {
    testing::Random random(seed);
    Case<Bf16> c = random_case(random, kernel);
    const auto f = random_activation(random);
    c.conv.activation = f ? &*f : nullptr;
    c.conv.bias = c.bias.data();
    c.maps.added = c.added.data();
    std::vector<float> scratch(kernel.scratch(c.conv) + 1, NAN);
    scratch.back() = 7.0f;
    c.conv.scratch = scratch.data();
    std::vector<Bf16> dst(c.to.size() + 1, 7);
    c.maps.dst = dst.data();
    kernel.run(c.conv, c.maps);
    EXPECT_EQ(dst.back(), 7) << "wrote past the end";
    EXPECT_EQ(scratch.back(), 7.0f) << "wrote past the scratch";
    return dst;
  };
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::vector<Bf16> plain = result_of(in_plain_bf16(), seed), fast = result_of(one_of(*own), seed);
    for (std::size_t i = 0; i < plain.size(); ++i)
      ASSERT_NEAR(number(fast[i]), number(plain[i]), 0x1p-7 * std::abs(number(plain[i])) + 1e-3) << seed;
  }
}

template <typename Element>
void expect_the_bias_without_taps(const Kernel<Element>& kernel) {
  testing::Random random(5);
  auto c = random_case(random, kernel);
  BlockedConv& conv = c.conv;
  conv.tap_count = 0;
  conv.reach = {};
  conv.bias = c.bias.data();
  std::vector<Element> dst(c.to.size());
  std::vector<float> scratch(kernel.scratch(conv));
  c.maps.dst = dst.data();
  conv.scratch = scratch.data();
  kernel.run(conv, c.maps);
  for (int image = 0; image < conv.images; ++image)
    for (int filter = 0; filter < conv.filters; ++filter)
      for (int pixel = 0; pixel < c.to.pixels; ++pixel)
        EXPECT_EQ(dst[c.to.at(image, filter, pixel)], element<Element>(c.bias[to_index(filter)]));
}

TEST(BlockedConv, IsTheBiasWhereNoTapLiesInTheImage) {
  expect_the_bias_without_taps(in_vectors<8>());
  expect_the_bias_without_taps(in_vectors<16>());
  expect_the_bias_without_taps(in_plain_bf16());
  expect_the_bias_without_taps(in_emulated_tiles());
}

template <typename Element>
void expect_the_same_bits_alone(const Kernel<Element>& kernel, int rounds = 20) {
  testing::Random random(3);
  for (int i = 0; i < rounds; ++i) {
    auto c = random_case(random, kernel);
    BlockedConv& conv = c.conv;
    const std::size_t of_src = c.src.size() / to_index(conv.images);
    const auto run_images = [&](int first, int images) {
      std::vector<Element> dst(c.to.size());
      std::vector<float> scratch(kernel.scratch(conv));
      BlockedConv part = conv;
      part.images = images;
      part.scratch = scratch.data();
      BlockedMaps<Element> maps{.dst = dst.data()};
      if (c.maps.planes)
        maps.planes = c.planes.data() + to_index(first) * of_src;
      else
        maps.src = c.src.data() + to_index(first) * of_src;
      kernel.run(part, maps);
      dst.resize(c.to.size() / to_index(conv.images) * to_index(images));
      return dst;
    };
    const std::vector<Element> all = run_images(0, conv.images);
    const std::size_t of_dst = all.size() / to_index(conv.images);
    for (int image = 0; image < conv.images; ++image) {
      const std::vector<Element> alone = run_images(image, 1);
      EXPECT_TRUE(std::ranges::equal(alone, std::span(all).subspan(to_index(image) * of_dst, of_dst)));
    }
  }
}

// Bits do not depend on what else is computed: of an image alone as in a batch.
TEST(BlockedConv, GivesAnImageTheSameBitsAloneAsInABatch) {
  expect_the_same_bits_alone(in_vectors<8>());
  expect_the_same_bits_alone(in_vectors<16>());
  expect_the_same_bits_alone(in_plain_bf16());
  expect_the_same_bits_alone(in_emulated_tiles(), 5);
  if (const auto& own = training_kernels().back().bf16_convolutions) expect_the_same_bits_alone(one_of(*own));
}

}  // namespace
}  // namespace pcnn

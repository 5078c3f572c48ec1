// The convolution between maps in blocks against loops that say what it means, in every width of vectors.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "engine/compile/kernels/blocked_conv_tile.h"
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

struct Case {
  BlockedConv conv;
  std::vector<KernelTap> taps;
  std::vector<float> src, plain, packed, bias, added, value;
  Blocks from, to;
};

// What fills up blocks is 0 in src, and anything in what is added: the kernel may not care.
Case random_case(testing::Random& random, int lanes) {
  const bool planes = random.between(0, 2) == 0;
  Case c{.conv = {.images = random.between(1, 3),
                  .height = random.between(1, 12),
                  .width = random.between(1, 40),
                  .in_channels = planes ? random.between(1, 4) : random.between(1, 3 * lanes),
                  .filters = random.between(1, 7 * lanes),
                  .source_block = planes ? 1 : lanes}};
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
        c.src[c.from.at(image, map, pixel)] = normals(random, 1)[0];
  c.plain = normals(random, to_index(conv.filters * conv.in_channels * conv.tap_count));
  const BlockedWeights weights{conv.in_channels, conv.filters, conv.tap_count, conv.source_block, lanes};
  c.packed.resize(weights.size());
  weights.pack(c.plain, c.packed.data());
  c.bias = normals(random, to_index(conv.filters));
  c.added = normals(random, c.to.size());
  c.value = normals(random, c.to.size());
  conv.src = c.src.data();
  conv.weights = c.packed.data();
  return c;
}

double linear(const Case& c, int image, int filter, int row, int column, double& sizes) {
  const BlockedConv& conv = c.conv;
  double sum = conv.bias ? c.bias[to_index(filter)] : 0.0;
  for (int tap = 0; tap < conv.tap_count; ++tap) {
    const int y = row + c.taps[to_index(tap)].down, x = column + c.taps[to_index(tap)].right;
    if (y < 0 || y >= conv.height || x < 0 || x >= conv.width) continue;
    for (int channel = 0; channel < conv.in_channels; ++channel) {
      const double product =
          double{c.src[c.from.at(image, channel, y * conv.width + x)]} *
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

template <int kLanes>
void expect_the_sums_of_plain_loops(std::uint64_t seed) {
  SCOPED_TRACE(std::to_string(kLanes) + " lanes, seed " + std::to_string(seed));
  testing::Random random(seed);
  Case c = random_case(random, kLanes);
  BlockedConv& conv = c.conv;
  const auto f = random_activation(random), g = random_activation(random);
  conv.activation = f ? &*f : nullptr;
  conv.derivative = g ? &*g : nullptr;
  conv.value = c.value.data();
  if (random.between(0, 1)) conv.bias = c.bias.data();
  if (random.between(0, 1)) conv.added = c.added.data();
  std::vector<float> dst(c.to.size() + 1, 7.0f), unsummed(c.to.size() + 1, 7.0f),
      scratch(blocked_conv_scratch(conv, kLanes) + 1, 7.0f);
  conv.dst = dst.data();
  if (random.between(0, 1)) conv.unsummed = unsummed.data();
  conv.scratch = scratch.data();
  BlockedConvTile<kLanes>::run(conv);

  for (int image = 0; image < conv.images; ++image)
    for (int filter = 0; filter < conv.filters; ++filter)
      for (int row = 0; row < conv.height; ++row)
        for (int column = 0; column < conv.width; ++column) {
          double sizes = 1.0;
          const double sum = linear(c, image, filter, row, column, sizes);
          const double own = f ? testing::activate(*f, sum) : sum;
          const std::size_t at = c.to.at(image, filter, row * conv.width + column);
          const double added = conv.added ? double{c.added[at]} : 0.0,
                       slope = g ? testing::derivative_from_value(*g, double{c.value[at]}) : 1.0;
          EXPECT_NEAR(dst[at], (own + added) * slope,
                      1e-6 * (sizes + std::abs(added)) * (1 + std::abs(slope)));
          if (conv.unsummed) {
            EXPECT_NEAR(unsummed[at], own, 1e-6 * sizes);
          }
        }
  for (int filter = conv.filters; conv.unsummed && filter % kLanes; ++filter) {
    EXPECT_EQ(unsummed[c.to.at(0, filter, 0)], 0.0f) << "what fills up the last block";
  }
  EXPECT_EQ(dst.back(), 7.0f) << "wrote past the end";
  EXPECT_EQ(unsummed.back(), 7.0f) << "wrote past the end";
  EXPECT_EQ(scratch.back(), 7.0f) << "wrote past the scratch";

  // In place of what is added, and of the value.
  for (std::vector<float>* const place : {&c.added, &c.value}) {
    if (place == &c.added && !conv.added) continue;
    const std::vector<float> before = *place;
    conv.dst = place->data();
    BlockedConvTile<kLanes>::run(conv);
    for (std::size_t i = 0; i < place->size(); ++i) EXPECT_EQ((*place)[i], dst[i]);
    *place = before;
  }
}

TEST(BlockedConv, IsTheSumOfPlainLoops) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    expect_the_sums_of_plain_loops<4>(seed);
    expect_the_sums_of_plain_loops<8>(seed);
    expect_the_sums_of_plain_loops<16>(seed);
  }
}

TEST(BlockedConv, IsTheBiasWhereNoTapLiesInTheImage) {
  testing::Random random(5);
  Case c = random_case(random, 8);
  BlockedConv& conv = c.conv;
  conv.tap_count = 0;
  conv.reach = {};
  conv.bias = c.bias.data();
  std::vector<float> dst(c.to.size()), scratch(blocked_conv_scratch(conv, 8));
  conv.dst = dst.data();
  conv.scratch = scratch.data();
  BlockedConvTile<8>::run(conv);
  for (int image = 0; image < conv.images; ++image)
    for (int filter = 0; filter < conv.filters; ++filter)
      for (int pixel = 0; pixel < c.to.pixels; ++pixel)
        EXPECT_EQ(dst[c.to.at(image, filter, pixel)], c.bias[to_index(filter)]);
}

// Bits do not depend on what else is computed: of an image alone as in a batch.
TEST(BlockedConv, GivesAnImageTheSameBitsAloneAsInABatch) {
  constexpr int kLanes = 8;
  testing::Random random(3);
  for (int i = 0; i < 20; ++i) {
    Case c = random_case(random, kLanes);
    BlockedConv& conv = c.conv;
    const auto run = [&](int images, const float* src) {
      std::vector<float> dst(c.to.size()), scratch(blocked_conv_scratch(conv, kLanes));
      BlockedConv part = conv;
      part.images = images;
      part.src = src;
      part.dst = dst.data();
      part.scratch = scratch.data();
      BlockedConvTile<kLanes>::run(part);
      dst.resize(c.to.size() / to_index(conv.images) * to_index(images));
      return dst;
    };
    const std::vector<float> all = run(conv.images, c.src.data());
    const std::size_t of_src = c.src.size() / to_index(conv.images),
                      of_dst = all.size() / to_index(conv.images);
    for (int image = 0; image < conv.images; ++image) {
      const std::vector<float> alone = run(1, c.src.data() + to_index(image) * of_src);
      EXPECT_TRUE(std::ranges::equal(alone, std::span(all).subspan(to_index(image) * of_dst, of_dst)));
    }
  }
}

}  // namespace
}  // namespace pcnn

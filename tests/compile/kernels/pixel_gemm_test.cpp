#include "engine/compile/kernels/pixel_gemm.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>

#include "engine/compile/kernels/pixel_gemm_tile.h"
#include "engine/core/bf16.h"
#include "tests/support/emulated_amx.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

using testing::Random;

// Every kernel this processor runs, and the 16-lane code, bf16 and AMX built from plainer instructions, so
// that these are checked on machines without AVX-512, AVX512_BF16 and AMX too.
std::vector<PixelKernel> all_kernels() {
  std::vector<PixelKernel> kernels = runnable_pixel_kernels();
  using Tile = PixelTile<16>;
  kernels.push_back(
      {"16 lanes", Tile::kPanel, Precision::kF32, Tile::run, Tile::activate_all, Tile::gate_rows});
  using Bf16Tile = PixelTile<16, PlainBf16Product<16>>;
  kernels.push_back({"16 lanes, bf16", Bf16Tile::kPanel, Precision::kBf16, Bf16Tile::run,
                     Bf16Tile::activate_all, Bf16Tile::gate_rows});
  kernels.back().round = Bf16Tile::round;
  using SmallBf16Tile = PixelTile<4, PlainBf16Product<4>>;
  kernels.push_back({"4 lanes, bf16", SmallBf16Tile::kPanel, Precision::kBf16, SmallBf16Tile::run,
                     SmallBf16Tile::activate_all, SmallBf16Tile::gate_rows});
  kernels.back().round = SmallBf16Tile::round;
  kernels.push_back(testing::emulated_amx());
  return kernels;
}

double reference_activation(const ActivationOp* op, double x) {
  if (!op) return x;
  switch (op->function) {
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kLeakyRelu:
      return x > 0 ? x : op->slope * x;
    case Activation::kElu:
      return x > 0 ? x : op->slope * std::expm1(x);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      break;
  }
  return 1 / (1 + std::exp(-x));
}

// A product with random contents; taps lie one after the other in `src`.
struct Product {
  Product(Random& random, int chain_count, int depth, int filters, int kernel_side)
      : conv{.mask = MaskType::kB,
             .in_channels = depth,
             .kernel_height = kernel_side,
             .kernel_width = kernel_side},
        chains(chain_count),
        filter_count(filters),
        taps(live_tap_count(conv.mask, kernel_side, kernel_side)) {
    fill(random, weights, filters * depth * kernel_side * kernel_side);
    fill(random, bias, filters);
    fill(random, src, taps * chains * depth);
    fill(random, skip, chains * filters);
  }
  static void fill(Random& random, std::vector<float>& values, int count) {
    for (int i = 0; i < count; ++i) values.push_back(random.normal());
  }

  // Chains [first, first + count). is_rounded: by tap, whether its source is given in bf16.
  [[nodiscard]] std::vector<float> run(const PixelKernel& kernel, const ActivationOp* activation,
                                       bool with_skip, int first, int count,
                                       const std::vector<bool>& is_rounded = {}) const {
    std::vector<WeightSlice> slices;
    for (const Tap& tap : conv.taps())
      slices.push_back(
          {.row = tap.down + conv.kernel_height / 2, .column = tap.right + conv.kernel_width / 2});
    const std::vector<std::uint32_t> packed =
        pack_pixel_weights({.weights = weights,
                            .kernel = {filter_count, conv.in_channels, conv.kernel_height, conv.kernel_width},
                            .count = filter_count},
                           slices, conv.in_channels, kernel);
    const std::size_t words = depth_words(kernel.precision, conv.in_channels);
    const int panels = (filter_count + kernel.panel - 1) / kernel.panel;
    std::vector<float> padded_bias = bias;
    padded_bias.resize(static_cast<std::size_t>(panels * kernel.panel));
    std::vector<PixelTap> places;
    for (int tap = 0; tap < taps; ++tap)
      places.push_back({src.data() + (tap * chains + first) * conv.in_channels,
                        static_cast<std::size_t>(tap * kernel.panel) * words});
    // Each tap's own, with rows of NaN that fill up the last block.
    const int rows_read = (count + kernel.block - 1) / kernel.block * kernel.block;
    std::vector<std::vector<std::uint16_t>> rounded;
    for (std::size_t tap = 0; tap < is_rounded.size(); ++tap) {
      const auto size = static_cast<std::size_t>(count * conv.in_channels);
      rounded.emplace_back(static_cast<std::size_t>(rows_read * conv.in_channels), std::uint16_t{0x7fc0});
      if (!is_rounded[tap]) continue;
      kernel.round(size, places[tap].src, rounded.back().data());
      places[tap].rounded = rounded.back().data();
      places[tap].src = nullptr;
    }
    std::vector<std::uint16_t> scratch(
        2 * scratch_words(kernel, static_cast<std::size_t>(count), words * static_cast<std::size_t>(taps)));
    std::vector<float> dst(static_cast<std::size_t>(count * filter_count + 1), -7.0f);
    kernel.run({.rows = count,
                .depth = conv.in_channels,
                .filters = filter_count,
                .taps = places.data(),
                .tap_count = taps,
                .weights = packed.data(),
                .panel_words = packed.size() / static_cast<std::size_t>(panels),
                .scratch = scratch.data(),
                .bias = padded_bias.data(),
                .activation = activation,
                .skip = with_skip ? skip.data() + first * filter_count : nullptr,
                .dst = dst.data()});
    EXPECT_EQ(dst.back(), -7.0f) << "written past the end";
    dst.pop_back();
    return dst;
  }

  [[nodiscard]] double reference(Precision precision, int chain, int filter, const ActivationOp* activation,
                                 bool with_skip) const {
    const auto rounded = [&](float value) {
      return precision == Precision::kBf16 ? from_bf16(to_bf16(value)) : value;
    };
    const int side = conv.kernel_height;
    double sum = bias[static_cast<std::size_t>(filter)];
    for (int tap = 0; tap < taps; ++tap)  // live taps come first in raster order
      for (int k = 0; k < conv.in_channels; ++k)
        sum += static_cast<double>(rounded(
                   weights[static_cast<std::size_t>((filter * conv.in_channels + k) * side * side + tap)])) *
               rounded(src[static_cast<std::size_t>((tap * chains + chain) * conv.in_channels + k)]);
    const double result = reference_activation(activation, sum);
    return with_skip ? result + skip[static_cast<std::size_t>(chain * filter_count + filter)] : result;
  }

  MaskedConvOp conv;
  int chains, filter_count, taps;
  std::vector<float> weights, bias, src, skip;
};

constexpr Activation kFunctions[] = {Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,
                                     Activation::kTanh, Activation::kSigmoid};

TEST(PixelGemm, MatchesPlainLoopsForAnyShape) {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    const Product product(random, random.between(1, 30), random.between(1, 40), random.between(1, 70),
                          2 * random.between(0, 2) + 1);
    const ActivationOp activation{.src = 0, .function = kFunctions[round % 5], .slope = 0.7f};
    const ActivationOp* used = round % 6 == 5 ? nullptr : &activation;
    const bool with_skip = round % 2 == 0;
    for (const PixelKernel& kernel : all_kernels()) {
      SCOPED_TRACE(std::string(kernel.name) + " round " + std::to_string(round));
      const std::vector<float> dst = product.run(kernel, used, with_skip, 0, product.chains);
      // Sums of up to 520 products of size one, each rounded to 2^-24 of a sum of some 20.
      for (int i = 0; i < static_cast<int>(dst.size()); ++i)
        ASSERT_NEAR(dst[static_cast<std::size_t>(i)],
                    product.reference(kernel.precision, i / product.filter_count, i % product.filter_count,
                                      used, with_skip),
                    2e-4)
            << i;
    }
  }
}

TEST(PixelGemm, GivesTheSameBitsFromSourcesThatAreKeptRounded) {
  Random random(9);
  for (int round = 0; round < 40; ++round) {
    const int depth = round % 2 == 0 ? 32 * random.between(1, 3) : 2 * random.between(1, 40);
    const Product product(random, random.between(1, 70), depth, random.between(1, 70),
                          2 * random.between(0, 1) + 1);
    const std::vector<bool> all(static_cast<std::size_t>(product.taps), true);
    std::vector<bool> some = all;
    some[static_cast<std::size_t>(random.between(0, product.taps - 1))] = false;
    for (const PixelKernel& kernel : all_kernels()) {
      if (kernel.precision == Precision::kF32) continue;
      SCOPED_TRACE(std::string(kernel.name) + " round " + std::to_string(round));
      const std::vector<float> expected = product.run(kernel, nullptr, true, 0, product.chains);
      for (const auto& is_rounded : {all, some})
        EXPECT_EQ(product.run(kernel, nullptr, true, 0, product.chains, is_rounded), expected);
    }
  }
}

TEST(PixelGemm, GivesAChainTheSameBitsAmongAnyOthers) {
  Random random(4);
  for (const PixelKernel& kernel : all_kernels()) {
    const Product product(random, 29, 33, 41, 3);
    const std::vector<float> all = product.run(kernel, nullptr, true, 0, 29);
    for (int count = 1; count <= 14; ++count)
      for (int first = 0; first + count <= 29; first += 5) {
        const std::vector<float> some = product.run(kernel, nullptr, true, first, count);
        ASSERT_TRUE(std::equal(some.begin(), some.end(), all.begin() + first * 41))
            << kernel.name << ", chains " << first << " to " << first + count;
      }
  }
}

TEST(PixelGemm, FusedBuildsOfAllWidthsGiveTheSameBits) {
  Random random(5);
  const Product product(random, 9, 50, 37, 3);
  std::vector<std::vector<float>> results;
  for (const PixelKernel& kernel : all_kernels())
    if (std::string(kernel.name).starts_with("avx") && kernel.precision == Precision::kF32)
      results.push_back(product.run(kernel, nullptr, false, 0, 9));
  for (const auto& result : results) EXPECT_EQ(result, results.front());
}

TEST(PixelGemm, GatesRowsOfAnyLengthTheSameInAllFusedBuilds) {
  Random random(8);
  for (const std::size_t maps : {1u, 7u, 8u, 16u, 33u}) {
    constexpr std::size_t kRows = 3;
    std::vector<float> src(kRows * 2 * maps), first;
    for (float& value : src) value = 3.0f * random.normal();
    for (const PixelKernel& kernel : all_kernels()) {
      std::vector<float> dst(kRows * maps);
      kernel.gate(kRows, maps, src.data(), dst.data());
      for (std::size_t i = 0; i < dst.size(); ++i) {
        const float *a = &src[i / maps * 2 * maps + i % maps], *b = a + maps;
        EXPECT_NEAR(dst[i], std::tanh(*a) / (1.0f + std::exp(-*b)), 1e-6) << kernel.name;
      }
      if (std::string(kernel.name) != "avx2" && std::string(kernel.name) != "avx512") continue;
      if (first.empty()) first = dst;
      EXPECT_EQ(dst, first) << kernel.name;
    }
  }
}

TEST(PixelGemm, RoundsToBf16AsTheVectorsDo) {
  Random random(6);
  for (int i = 0; i < 100000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random.between(0, 0xffff)) << 16 |
                      static_cast<std::uint32_t>(random.between(0, 0xffff));
    float values[4] = {std::bit_cast<float>(bits), NAN, INFINITY, -0.0f};
    std::uint16_t rounded[4];
    Simd<4>::store(rounded, Simd<4>::load(values));
    for (int lane = 0; lane < 4; ++lane) ASSERT_EQ(to_bf16(values[lane]), rounded[lane]) << values[lane];
  }
}

TEST(PixelGemm, ActivationsAreAccurateOverTheirWholeRange) {
  std::vector<float> src;
  for (int i = -4000; i <= 4000; ++i) src.push_back(static_cast<float>(i) * 0.025f);
  for (const float extreme : {1e-30f, -1e-30f, 300.0f, -300.0f, 1e30f, -1e30f}) src.push_back(extreme);
  std::vector<float> dst(src.size());
  for (const PixelKernel& kernel : all_kernels())
    for (const Activation function : kFunctions) {
      const ActivationOp op{.src = 0, .function = function, .slope = 0.7f};
      kernel.activate(op, src.size(), src.data(), dst.data());
      for (std::size_t i = 0; i < src.size(); ++i) {
        const double exact = reference_activation(&op, src[i]);
        ASSERT_NEAR(dst[i], exact, 3e-7 * std::max(1.0, std::abs(exact))) << kernel.name << " at " << src[i];
      }
    }
}

}  // namespace
}  // namespace pcnn

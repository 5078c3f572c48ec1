#include "engine/compile/pixel/pixel_program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/compile/kernels/pixel_gemm_tile.h"
#include "engine/core/error.h"
#include "tests/support/compiled.h"
#include "tests/support/emulated_amx.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

using testing::Random;

constexpr Activation kFunctions[] = {Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,
                                     Activation::kTanh, Activation::kSigmoid};

// The values of one channel group of a pixel of every image, [image][channel of the group].
std::vector<float> pixel_of(const Network& network, std::span<const float> images, int count, int row,
                            int column, int group) {
  const Shape shape = network.shape(0, count);
  const int of_group = shape.c / network.groups;
  std::vector<float> values;
  for (int image = 0; image < count; ++image)
    for (int channel = group * of_group; channel < (group + 1) * of_group; ++channel)
      values.push_back(images[shape.offset(image, channel, row, column)]);
  return values;
}

// Logits of all pixels of `count` images, NCHW, computed pixel by pixel.
std::vector<float> logits_by_pixel(const PixelProgram& program, const Network& network,
                                   IncrementalState& cache, std::span<const float> images) {
  const Shape maps = network.shape(network.logits, cache.chains());
  std::vector<float> all(maps.size());
  for (int row = 0; row < maps.h; ++row)
    for (int column = 0; column < maps.w; ++column)
      for (int group = 0, of_group = maps.c / network.groups; group < network.groups; ++group) {
        const std::span<const float> logits = program.logits(cache, row, column, group);
        for (int image = 0; image < maps.n; ++image)
          for (int channel = 0; channel < of_group; ++channel)
            all[maps.offset(image, group * of_group + channel, row, column)] =
                logits[static_cast<std::size_t>(image * of_group + channel)];
        program.set_pixel(cache, row, column, group,
                          pixel_of(network, images, cache.chains(), row, column, group));
      }
  return all;
}

// Those of f32, and now and then the one for AMX, whose emulation is slow.
std::vector<PixelKernel> kernels_of_round(int round) {
  std::vector<PixelKernel> kernels(pixel_kernels().begin(), pixel_kernels().end());
  if (round % 10 == 7) kernels.push_back(testing::emulated_amx());
  return kernels;
}

void expect_forward_pass(Random& random, Network network, int height, int width) {
  network.image_height = height;
  network.image_width = width;
  SCOPED_TRACE(testing::describe(network));
  constexpr int kImages = 3;
  const std::vector<float> parameters = testing::random_parameters(random, network),
                           images = testing::random_images(random, network, kImages);
  const GivenBatch given = testing::random_given(random, network, kImages);
  const std::vector<float> whole =
      testing::Compiled(network, kImages, parameters, Purpose::kInference).forward(images, given.view());
  for (const PixelKernel& kernel : pixel_kernels()) {
    const PixelProgram program(network, parameters, kernel);
    IncrementalState cache(program, kImages, 1, given.view());
    const std::vector<float> by_pixel = logits_by_pixel(program, network, cache, images);
    for (std::size_t i = 0; i < whole.size(); ++i)
      ASSERT_NEAR(by_pixel[i], whole[i], 1e-4f * std::max(1.0f, std::abs(whole[i])))
          << kernel.name << " at " << i;
  }
}

TEST(PixelProgram, ComputesTheForwardPassOfRandomNetworksPixelByPixel) {
  Random random(31);
  for (int round = 0; round < 40; ++round)
    expect_forward_pass(random, testing::random_network(random, kFunctions[round % 5]), random.between(1, 12),
                        random.between(1, 12));
}

TEST(PixelProgram, ComputesTheForwardPassOfImagesOfSeveralClassesOrVectors) {
  Random random(36);
  for (int round = 0; round < 60; ++round) {
    const Network network =
        round % 2 ? testing::random_network(random, kFunctions[round % 5],
                                            {.condition = testing::random_condition(random)})
                  : testing::random_graph(random, kFunctions[round % 5], testing::random_condition(random));
    expect_forward_pass(random, network, network.image_height, network.image_width);
  }
}

TEST(PixelProgram, RefusesClassesThatAreNotThoseOfItsChains) {
  Random random(37);
  const Network without = testing::small_network(3, 3);
  const PixelProgram plain(without, testing::random_parameters(random, without));
  const std::vector<int> classes{0, 1, 4};
  EXPECT_THROW(IncrementalState(plain, 3, 1, {.classes = classes}), ComputeError);
  const Network network =
      testing::random_network(random, Activation::kTanh, {.stages = 1, .condition = {.classes = 4}});
  const PixelProgram program(network, testing::random_parameters(random, network));
  EXPECT_THROW(IncrementalState(program, 3), ComputeError);
  EXPECT_THROW(IncrementalState(program, 3, 1, {.classes = classes}), ComputeError) << "4 is one too many";
  EXPECT_THROW(IncrementalState(program, 1, 1, {.classes = std::span(classes).first(2)}), ComputeError);
  EXPECT_NO_THROW(IncrementalState(program, 2, 1, {.classes = std::span(classes).first(2)}));
}

TEST(PixelProgram, ComputesTheForwardPassOfImagesOfEveryKindOfShape) {
  Random random(32);
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 23}, {40, 1}, {40, 23}, {23, 40}})
    for (int round = 0; round < 3; ++round)
      expect_forward_pass(random, testing::random_network(random, Activation::kRelu, {.channels = 37}),
                          height, width);
}

TEST(PixelProgram, ComputesTheForwardPassOfRandomGraphs) {
  Random random(35);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Network graph = testing::random_graph(random, kFunctions[round % 5]);
    expect_forward_pass(random, graph, graph.image_height, graph.image_width);
  }
}

TEST(PixelProgram, ComputesTheForwardPassOfTheTutorialNetwork) {
  Random random(33);
  expect_forward_pass(random, testing::tutorial_network(), 28, 28);
}

TEST(PixelProgram, GivesAChainTheSameBitsInAnyChainBatchAndFromAUsedCache) {
  Random random(34);
  const Network network = testing::random_network(random, Activation::kTanh);
  const std::vector<float> parameters = testing::random_parameters(random, network),
                           images = testing::random_images(random, network, 13),
                           others = testing::random_images(random, network, 13);
  const PixelProgram program(network, parameters);
  IncrementalState chain_batch(program, 13), alone(program, 1);
  (void)logits_by_pixel(program, network, chain_batch, others);  // leaves its rows behind
  const std::vector<float> together = logits_by_pixel(program, network, chain_batch, images);
  const std::size_t size = network.shape(0, 1).size(), maps = network.shape(network.logits, 1).size();
  for (std::size_t chain = 0; chain < 13; ++chain) {
    const std::vector<float> one =
        logits_by_pixel(program, network, alone, std::span(images).subspan(chain * size, size));
    EXPECT_TRUE(
        std::equal(one.begin(), one.end(), together.begin() + static_cast<std::ptrdiff_t>(chain * maps)));
  }
}

// Values of a span as set_pixels() takes them: [group][column][image][channel of the group].
std::vector<float> span_of(const Network& network, std::span<const float> images, int count, int row,
                           int column, int columns) {
  std::vector<float> values;
  for (int group = 0; group < network.groups; ++group)
    for (int i = 0; i < columns; ++i)
      for (const float value : pixel_of(network, images, count, row, column + i, group))
        values.push_back(value);
  return values;
}

// Logits of the pixels that `known` leaves to be asked for; runs of known pixels are given at once, at most
// as many as the state holds. leaves_out: they are given with how far ahead the next unknown pixel is, so
// that what it does not depend on is not computed.
std::vector<float> logits_of_unknown(const PixelProgram& program, const Network& network,
                                     IncrementalState& state, std::span<const float> images,
                                     const std::vector<bool>& known, bool leaves_out = false) {
  const int width = network.image_width;
  const auto rows_ahead = [&](int row) {
    const auto begin = known.begin() + row * width;
    const auto next = std::find(begin, known.end(), false);
    return next == known.end() ? network.image_height : static_cast<int>(next - begin) / width;
  };
  std::vector<float> all;
  for (int row = 0; row < network.image_height; ++row)
    for (int column = 0; column < width;) {
      int columns = 0;
      while (column + columns < width && columns < state.max_columns() &&
             known[static_cast<std::size_t>(row * width + column + columns)])
        ++columns;
      if (columns > 0) {
        program.set_pixels(state, row, column, columns,
                           span_of(network, images, state.chains(), row, column, columns),
                           leaves_out ? rows_ahead(row) : 0);
        column += columns;
        continue;
      }
      for (int group = 0; group < network.groups; ++group) {
        const std::span<const float> logits = program.logits(state, row, column, group);
        all.insert(all.end(), logits.begin(), logits.end());
        program.set_pixel(state, row, column, group,
                          pixel_of(network, images, state.chains(), row, column, group));
      }
      ++column;
    }
  return all;
}

TEST(PixelProgram, GivesAPixelTheSameBitsWhateverSpansOfKnownPixelsComeBeforeIt) {
  Random random(36);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Network network = round % 2 == 0 ? testing::random_graph(random, kFunctions[round % 5])
                                     : testing::random_network(random, kFunctions[round % 5]);
    network.image_height = random.between(1, 9);
    network.image_width = random.between(1, 9);
    SCOPED_TRACE(testing::describe(network));
    const std::vector<float> parameters = testing::random_parameters(random, network),
                             images = testing::random_images(random, network, 2);
    std::vector<bool> known;
    for (int row = 0; row < network.image_height; ++row) {
      const bool all = random.between(0, 1) == 0;  // so that some rows are known throughout
      for (int column = 0; column < network.image_width; ++column)
        known.push_back(all || random.between(0, 3) > 0);
    }
    for (const PixelKernel& kernel : kernels_of_round(round)) {
      const PixelProgram program(network, parameters, kernel);
      IncrementalState one_by_one(program, 2), spans(program, 2, random.between(1, network.image_width)),
          leaving_out(program, 2, spans.max_columns());  // its own: what it leaves out nobody else left there
      // Once more with a used state.
      for (int pass = 0; pass < 2; ++pass) {
        const std::vector<float> expected = logits_of_unknown(program, network, one_by_one, images, known);
        ASSERT_EQ(logits_of_unknown(program, network, spans, images, known), expected) << kernel.name;
        ASSERT_EQ(logits_of_unknown(program, network, leaving_out, images, known, true), expected)
            << kernel.name;
      }
    }
  }
}

// What products read is kept in bf16 by every step that makes some of it, and read in place by tiles where
// channels fill them: the bits are those of a kernel that keeps nothing and rounds what it reads.
TEST(PixelProgram, GivesTheBitsOfAKernelThatRoundsWhatItReadsItself) {
  using Tile = PixelTile<4, PlainBf16Product<4>>;
  PixelKernel vectors = testing::emulated_amx();
  vectors.name = "plain bf16";
  vectors.panel = Tile::kPanel;
  vectors.run = Tile::run;
  vectors.round = Tile::round;
  vectors.block = 1;
  ModelConfig full_tiles;
  full_tiles.input_kernel = {3, 3};
  full_tiles.input_filters = 64;
  full_tiles.blocks = {{1, GatedBlockConfig{{3, 3}, 32}}, {1, ResidualBlockConfig{{3, 3}, 32}}};
  full_tiles.output_filters = {32};
  Random random(91);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const bool in_tiles = round % 10 == 0;
    testing::NetworkLimits limits{.kernel = 5, .side = 6};
    if (round % 2) limits.condition = testing::random_condition(random);
    Network network = in_tiles         ? build_network(full_tiles, 1, 4, 4)
                      : round % 4 == 2 ? testing::random_graph(random, kFunctions[round % 5])
                                       : testing::random_network(random, kFunctions[round % 5], limits);
    network.image_height = random.between(1, 6);
    network.image_width = random.between(1, 6);
    SCOPED_TRACE(testing::describe(network));
    const int chains = in_tiles ? 17 : 2;
    const std::vector<float> parameters = testing::random_parameters(random, network),
                             images = testing::random_images(random, network, chains);
    const GivenBatch given = testing::random_given(random, network, chains);
    std::vector<bool> known;
    for (int pixel = 0; pixel < network.image_height * network.image_width; ++pixel)
      known.push_back(random.between(0, 2) > 0);
    for (const PixelKernel& keeping :
         in_tiles ? std::vector{vectors, testing::emulated_amx()} : std::vector{vectors}) {
      PixelKernel rounding = keeping;
      rounding.round = nullptr;
      std::vector<std::vector<float>> by_pixel, by_span;
      for (const PixelKernel& kernel : {keeping, rounding}) {
        const PixelProgram program(network, parameters, kernel);
        IncrementalState state(program, chains, network.image_width, given.view());
        by_pixel.push_back(logits_by_pixel(program, network, state, images));
        by_span.push_back(logits_of_unknown(program, network, state, images, known));
      }
      EXPECT_EQ(by_pixel[0], by_pixel[1]) << keeping.name;
      EXPECT_EQ(by_span[0], by_span[1]) << keeping.name;
    }
  }
}

// Known rows are computed as far as later logits depend on them: given as if no logits followed,
// they leave the next row without.
TEST(PixelProgram, LeavesOutWhatNoLogitsDependOn) {
  Random random(38);
  const Network network = testing::small_network(4, 5);
  const std::vector<float> parameters = testing::random_parameters(random, network),
                           images = testing::random_images(random, network, 1);
  const PixelProgram program(network, parameters);
  const auto logits_below = [&](int rows_ahead) {
    IncrementalState state(program, 1, 5);
    for (int row = 0; row < 3; ++row)
      program.set_pixels(state, row, 0, 5, span_of(network, images, 1, row, 0, 5), rows_ahead - row);
    return program.logits(state, 3, 0, 0)[0];
  };
  EXPECT_EQ(logits_below(3), logits_below(0));
  EXPECT_NE(logits_below(100), logits_below(0));
}

// Logits of all pixels, NCHW, from spans of guesses: up to the first that is not what the image holds, which
// is then set right, and its other groups computed.
std::vector<float> logits_by_guesses(const PixelProgram& program, const Network& network,
                                     IncrementalState& state, std::span<const float> images, Random& random) {
  const Shape maps = network.shape(network.logits, state.chains());
  const int of_group = maps.c / network.groups;
  std::vector<float> all(maps.size());
  const auto keep = [&](std::span<const float> logits, int row, int column, int group) {
    for (int image = 0; image < maps.n; ++image)
      for (int channel = 0; channel < of_group; ++channel)
        all[maps.offset(image, group * of_group + channel, row, column)] =
            logits[static_cast<std::size_t>(image * of_group + channel)];
  };
  const auto truth = [&](int row, int column, int group) {
    return pixel_of(network, images, maps.n, row, column, group);
  };
  const std::size_t per_column = static_cast<std::size_t>(maps.n * of_group);
  for (int row = 0; row < maps.h; ++row)
    for (int column = 0; column < maps.w;) {
      const int columns = random.between(1, std::min(state.max_columns(), maps.w - column));
      std::vector<float> guess = span_of(network, images, maps.n, row, column, columns);
      const int wrong_group = random.between(0, network.groups - 1), wrong = random.between(0, columns);
      const std::size_t per_group = guess.size() / static_cast<std::size_t>(network.groups),
                        of_column = per_group / static_cast<std::size_t>(columns);
      for (int group = 0; group < network.groups; ++group)
        for (int i = 0; i < columns; ++i)
          if (i > wrong || (i == wrong && group >= wrong_group))
            for (std::size_t k = 0; k < of_column; ++k)
              guess[static_cast<std::size_t>(group) * per_group + static_cast<std::size_t>(i) * of_column +
                    k] = random.normal();
      program.set_pixels(state, row, column, columns, guess);
      for (int group = 0; group < network.groups; ++group)
        for (int i = 0; i < columns && (i < wrong || (i == wrong && group <= wrong_group)); ++i)
          keep(
              program.span_logits(state, group).subspan(static_cast<std::size_t>(i) * per_column, per_column),
              row, column + i, group);
      column += std::min(wrong + 1, columns);
      if (wrong == columns) continue;
      program.set_pixel(state, row, column - 1, wrong_group, truth(row, column - 1, wrong_group));
      for (int group = wrong_group + 1; group < network.groups; ++group) {
        keep(program.logits(state, row, column - 1, group), row, column - 1, group);
        program.set_pixel(state, row, column - 1, group, truth(row, column - 1, group));
      }
    }
  return all;
}

TEST(PixelProgram, GivesAChainTheSameBitsAmongAnyOthersInTilesToo) {
  Random random(38);
  for (int round = 0; round < 6; ++round) {
    Network network = testing::random_network(random, kFunctions[round % 5]);
    network.image_height = network.image_width = 4;
    SCOPED_TRACE(testing::describe(network));
    constexpr int kChains = 35;  // three tiles
    const std::vector<float> parameters = testing::random_parameters(random, network),
                             images = testing::random_images(random, network, kChains);
    const PixelProgram program(network, parameters, testing::emulated_amx());
    const std::size_t of_image = images.size() / kChains;
    const auto run = [&](int first, int count) {
      IncrementalState state(program, count);
      return logits_by_pixel(
          program, network, state,
          std::span(images).subspan(to_index(first) * of_image, to_index(count) * of_image));
    };
    const std::vector<float> all = run(0, kChains);
    const std::size_t of_chain = all.size() / kChains;
    for (const auto& [first, count] : {std::pair{0, 1}, {16, 1}, {34, 1}, {3, 17}}) {
      const std::vector<float> some = run(first, count);
      ASSERT_TRUE(std::ranges::equal(some, std::span(all).subspan(to_index(first) * of_chain, some.size())))
          << "chains " << first << " to " << first + count;
    }
  }
}

TEST(PixelProgram, GivesTheLogitsOfAPixelTheSameBitsInASpanOfGuessesUpToTheFirstWrongOne) {
  Random random(37);
  int several_groups = 0;
  for (int round = 0; round < 120; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Network network = round % 2 == 0 ? testing::random_graph(random, kFunctions[round % 5])
                                     : testing::random_network(random, kFunctions[round % 5]);
    network.image_height = random.between(1, 9);
    network.image_width = random.between(1, 9);
    several_groups += network.groups > 1;
    SCOPED_TRACE(testing::describe(network));
    const int chains = random.between(1, 3);
    const std::vector<float> parameters = testing::random_parameters(random, network),
                             images = testing::random_images(random, network, chains);
    for (const PixelKernel& kernel : kernels_of_round(round)) {
      const PixelProgram program(network, parameters, kernel);
      IncrementalState one_by_one(program, chains), spans(program, chains, network.image_width);
      const std::vector<float> expected = logits_by_pixel(program, network, one_by_one, images);
      for (int pass = 0; pass < 3; ++pass)  // again with a used state
        ASSERT_EQ(logits_by_guesses(program, network, spans, images, random), expected) << kernel.name;
    }
  }
  EXPECT_GT(several_groups, 20);
}

TEST(PixelProgram, RefusesPixelsAndValuesThatAreNotThere) {
  const Network network = testing::small_network(4, 5);
  const PixelProgram program(network, std::vector<float>(network.parameter_count()));
  IncrementalState state(program, 2, 3);
  const std::vector<float> values(2 * 3);
  EXPECT_THROW((void)program.logits(state, -1, 0, 0), ComputeError);
  EXPECT_THROW((void)program.logits(state, 0, 5, 0), ComputeError);
  EXPECT_THROW((void)program.logits(state, 0, 0, 1), ComputeError);
  EXPECT_THROW(program.set_pixel(state, 0, 0, 0, std::span(values).first(3)), ComputeError);
  EXPECT_THROW(program.set_pixels(state, 0, 3, 3, values), ComputeError);
  EXPECT_THROW(program.set_pixels(state, 0, 0, 4, std::vector<float>(8)), ComputeError);
  EXPECT_THROW(program.set_pixels(state, 0, 0, 3, std::span(values).first(5)), ComputeError);
  EXPECT_NO_THROW(program.set_pixels(state, 0, 0, 3, values));
  EXPECT_EQ(program.span_logits(state, 0).size(), 2 * 3);
  EXPECT_THROW((void)program.span_logits(state, 1), ComputeError);
}

std::size_t state_bytes(Network network, int height, int width) {
  network.image_height = height;
  network.image_width = width;
  return PixelProgram(network, std::vector<float>(network.parameter_count())).state_bytes_per_chain();
}

Network plain_network(int blocks, int kernel, int filters) {
  ModelConfig config;
  config.blocks = {{blocks, MaskedConvBlockConfig{{kernel, kernel}, filters}}};
  return build_network(config, 1, 28, 28);
}

TEST(PixelProgram, StateGrowsWithWidthKernelRowsAndDepthAndNotWithHeight) {
  const Network network = testing::tutorial_network();
  EXPECT_EQ(state_bytes(network, 28, 28), state_bytes(network, 1, 28));
  EXPECT_EQ(state_bytes(network, 28, 28), state_bytes(network, 10000, 28));
  // Twice the width adds the rows of 28 more columns: four of the image, two of 64 maps in each of seven
  // blocks. Columns of zeros stay two a row.
  EXPECT_EQ(state_bytes(network, 28, 56) - state_bytes(network, 28, 28),
            sizeof(float) * 28 * (4 + 7 * 2 * 64));
  // Each further block keeps kernel / 2 + 1 rows of the maps it reads, with kernel / 2 zeros at both sides.
  const auto rows_of_a_block = [](int kernel) {
    return state_bytes(plain_network(6, kernel, 128), 28, 28) -
           state_bytes(plain_network(5, kernel, 128), 28, 28);
  };
  EXPECT_EQ(rows_of_a_block(3), sizeof(float) * 30 * 128 * 2);
  EXPECT_EQ(rows_of_a_block(9), sizeof(float) * 36 * 128 * 5);
}

// In bf16 it keeps what products read and steps make, and no more: not the image's rows, the gates' inputs,
// the logits, or an LSTM's cells.
TEST(PixelProgram, KeepsRoundedWhatProductsReadAlone) {
  PixelKernel rounding = testing::emulated_amx();
  PixelKernel plain = rounding;
  plain.round = nullptr;
  const auto rounded_words = [&](const Network& network, int max_columns) {
    const std::vector<float> parameters(network.parameter_count());
    return (PixelProgram(network, parameters, rounding).state_bytes_per_chain(max_columns) -
            PixelProgram(network, parameters, plain).state_bytes_per_chain(max_columns)) /
           sizeof(std::uint16_t);
  };
  const Network tutorial = testing::tutorial_network();
  Network wide = tutorial;
  wide.image_width = 56;
  EXPECT_EQ(rounded_words(wide, 1) - rounded_words(tutorial, 1), 28u * 7 * 2 * 64);

  const auto states = [&](bool activated) {
    NetworkBuilder builder(1, 28, 28, Activation::kTanh, 0.0f);
    const int gates = builder.masked_conv("gates", 0, MaskType::kA, {1, 3}, 4 * 16);
    const int node = builder.lstm("lstm", gates, LstmPath::kRows, 3);
    const int read = activated ? builder.activate(node) : node;
    return std::move(builder).finish(builder.masked_conv("logits", read, MaskType::kB, {1, 1}, 1));
  };
  // Two rows of states, with a column of zeros at both sides; and what is made of them at the span's columns.
  const std::size_t rows = 2 * 30 * 16;
  EXPECT_EQ(rounded_words(states(false), 1), rows);
  EXPECT_EQ(rounded_words(states(false), 5), rows);
  EXPECT_EQ(rounded_words(states(true), 1), rows + 16);
  EXPECT_EQ(rounded_words(states(true), 5), rows + 5 * 16);
}

// 16 pixels are 16 of keys, and of values, filled up to 16 maps.
TEST(PixelProgram, OfAnAttentionKeepsAllPixelsAndComputesNoFurtherRow) {
  ModelConfig config;
  config.input_kernel = {3, 3};
  config.input_filters = 6;
  const auto bytes = [&](int blocks, int side) {
    config.blocks = {{blocks, AttentionBlockConfig{.heads = 2, .key = 3, .value = 5}}};
    return state_bytes(build_network(config, 1, side, side), side, side);
  };
  const auto of_span = bytes(2, 4) - bytes(1, 4) - sizeof(float) * 2 * 16 * (3 + 16);
  EXPECT_LT(of_span, 600u) << "maps of one pixel";
  EXPECT_EQ(bytes(2, 8) - bytes(1, 8) - of_span, 4 * sizeof(float) * 2 * 16 * (3 + 16));

  const Network network = build_network(config, 1, 4, 4);
  const PixelProgram program(network, std::vector<float>(network.parameter_count()));
  IncrementalState state(program, 1);
  EXPECT_NO_THROW((void)program.logits(state, 3, 3, 0));
  EXPECT_THROW((void)program.logits(state, 4, 0, 0), ComputeError);
}

// bf16 would round a value in the image's units by up to half a level of 256.
TEST(PixelProgram, ComputesTheForecastInF32UnderABf16Kernel) {
  using Tile = PixelTile<4, PlainBf16Product<4>>;
  const PixelKernel rounding{"plain bf16",       Tile::kPanel,    Precision::kBf16, Tile::run,
                             Tile::activate_all, Tile::gate_rows, nullptr};
  ModelConfig config;
  config.input_kernel = {3, 3};
  config.input_filters = 7;
  config.output_filters = {5};
  config.head = {HeadKind::kLogisticMixture, 256, 2, true};
  config.forecast_kernel = {3, 5};
  Random random(77);
  const Network network = build_network(config, 3, 5, 6);
  const std::vector<float> parameters = testing::random_parameters(random, network),
                           images = testing::random_images(random, network, 2);
  const PixelProgram exact(network, parameters), rounded(network, parameters, rounding);
  IncrementalState exact_state(exact, 2), rounded_state(rounded, 2);
  const std::vector<float> expected = logits_by_pixel(exact, network, exact_state, images),
                           logits = logits_by_pixel(rounded, network, rounded_state, images);
  const Shape maps = network.shape(network.logits, 2);
  std::size_t others = 0, i = 0;
  for (int image = 0; image < maps.n; ++image)
    for (int map = 0; map < maps.c; ++map)
      for (int pixel = 0; pixel < maps.h * maps.w; ++pixel, ++i) {
        if (map >= maps.c - 3) {
          ASSERT_EQ(logits[i], expected[i]) << i;
        } else {
          others += logits[i] != expected[i];
        }
      }
  EXPECT_GT(others, 100u);
}

}  // namespace
}  // namespace pcnn

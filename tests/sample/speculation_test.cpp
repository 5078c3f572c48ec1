#include "engine/sample/speculation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/sample/incremental_sampler.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

using testing::Random;

constexpr Activation kFunctions[] = {Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,
                                     Activation::kTanh, Activation::kSigmoid};
constexpr double kTemperatures[] = {1.0, 0.5, 0.0, 2.0};

struct Model {
  Network network;
  std::unique_ptr<const OutputHead> head;
  std::vector<float> parameters;
};

// Random pixels of the head's levels, and a mask that knows most of them, or few, or whole rows.
struct Canvas {
  Canvas(Random& random, const Model& model, int chains) {
    const Network& network = model.network;
    pixels.resize(network.shape(0, chains).size());
    for (float& value : pixels) value = model.head->value(random.between(0, model.head->levels() - 1));
    const int height = network.image_height, width = network.image_width, most = random.between(1, 3);
    const bool rows = random.between(0, 1);
    for (int chain = 0; chain < chains; ++chain)
      for (int pixel = 0; pixel < height * width; ++pixel)
        known.push_back(rows ? pixel / width < height / 2 : random.between(0, 3) < most);
  }
  std::vector<float> pixels;
  std::vector<std::uint8_t> known;
};

// Samples with guesses of every kind against samples without any.
SpeculationCounts expect_same_samples(const Model& model, Random& random, int round) {
  const int chains = random.between(1, 5);
  const Canvas canvas(random, model, chains);
  SampleRequest request{.chains = chains,
                        .seed = static_cast<std::uint64_t>(round),
                        .temperature = kTemperatures[round % 4],
                        .with_probabilities = round % 3 == 0};
  if (round % 2 == 1) {
    request.canvas = canvas.pixels;
    request.known = canvas.known;
  }
  const auto draw = [&](int chain_batch, int speculate, int threads) {
    return sample_incrementally(model.network, *model.head, model.parameters, request, Workers(threads),
                                chain_batch, Precision::kF32, speculate);
  };
  const Samples expected = draw(1, kSpeculateOff, 1);
  EXPECT_EQ(expected.longest_span, 1);
  SpeculationCounts counts;
  for (const int speculate : {kSpeculateAuto, 2, 8, kMostSpeculated})
    for (const int chain_batch : {0, 3}) {
      const Samples guessed = draw(chain_batch, speculate, 1 + round % 2);
      EXPECT_EQ(guessed.images, expected.images) << speculate << " at once, chain batch " << chain_batch;
      EXPECT_EQ(guessed.probabilities, expected.probabilities) << speculate << ", " << chain_batch;
      counts += guessed.speculation;
    }
  return counts;
}

TEST(Speculation, ChangesNoBitOfSamplesOfRandomNetworks) {
  Random random(61);
  SpeculationCounts counts;
  int several_groups = 0;
  for (int round = 0; round < 40 && !::testing::Test::HasFailure(); ++round) {
    Model model{.network = testing::random_network(random, kFunctions[round % 5]),
                .head = make_output_head({}),
                .parameters = {}};
    model.parameters = testing::random_parameters(random, model.network);
    SCOPED_TRACE("round " + std::to_string(round) + ": " + testing::describe(model.network));
    counts += expect_same_samples(model, random, round);
    several_groups += model.network.groups > 1;
  }
  EXPECT_GT(several_groups, 5);
  EXPECT_GT(counts.kept, 3000);
  EXPECT_GT(counts.guessed - counts.kept, 3000) << "wrong guesses too";
}

TEST(Speculation, ChangesNoBitOfSamplesOfAnyHead) {
  Random random(62);
  SpeculationCounts counts;
  for (const int channels : {1, 3})
    for (const HeadConfig& config :
         {HeadConfig{HeadKind::kBernoulli}, HeadConfig{HeadKind::kSoftmax, 2},
          HeadConfig{HeadKind::kSoftmax, 5}, HeadConfig{HeadKind::kSoftmax, 256},
          HeadConfig{HeadKind::kSoftmax, 300}, HeadConfig{HeadKind::kLogisticMixture, 16, 3},
          HeadConfig{HeadKind::kLogisticMixture, 256, 2},
          HeadConfig{HeadKind::kLogisticMixture, 16, 2, true}})
      for (int round = 0; round < 4; ++round) {
        ModelConfig model_config;
        model_config.activation = Activation::kTanh;
        model_config.input_kernel = {3, 3};
        model_config.input_filters = 12;
        model_config.blocks = {{1, ResidualBlockConfig{{3, 3}, 6}}};
        model_config.output_filters = {12};
        model_config.head = config;
        Model model{
            .network = build_network(model_config, channels, random.between(2, 6), random.between(1, 9)),
            .head = make_output_head(config, channels),
            .parameters = {}};
        model.parameters = testing::random_parameters(random, model.network);
        SCOPED_TRACE(std::to_string(channels) + " channels, " + std::to_string(config.levels) + " levels");
        counts += expect_same_samples(model, random, round);
      }
  EXPECT_GT(counts.kept, 1000);
  EXPECT_GT(counts.guessed - counts.kept, 1000);
}

// Embedded levels and conditions join a span in steps of their own.
TEST(Speculation, ChangesNoBitOfSamplesOfGatedNetworksWithConditionsAndEmbeddedLevels) {
  Random random(63);
  SpeculationCounts counts;
  for (int round = 0; round < 6; ++round) {
    const HeadConfig head{HeadKind::kSoftmax, 4};
    ModelConfig config;
    config.input_kernel = {3, 3};
    config.input_filters = 6;
    config.input_embedding = round % 2 ? 3 : 0;
    if (round < 3) config.condition.classes = 3;
    if (round == 3) config.condition.vector = 2;
    if (round > 3) config.condition = {.maps = 2, .kernel_height = 3, .kernel_width = 3};
    config.blocks = {{2, GatedBlockConfig{{3, 3}, 6}}};
    config.output_filters = {6};
    config.head = head;
    const int channels = 1 + round % 3;
    Model model{.network = build_network(config, channels, random.between(2, 6), random.between(2, 9)),
                .head = make_output_head(head, channels),
                .parameters = {}};
    model.parameters = testing::random_parameters(random, model.network);
    const GivenBatch given = testing::random_given(random, model.network, 3);
    const SampleRequest request{.chains = 3, .seed = 4, .given = given.view(), .with_probabilities = true};
    const auto draw = [&](int chain_batch, int speculate) {
      return sample_incrementally(model.network, *model.head, model.parameters, request, Workers(2),
                                  chain_batch, Precision::kF32, speculate);
    };
    const Samples expected = draw(0, kSpeculateOff);
    for (const int speculate : {kSpeculateAuto, 3, 8})
      for (const int chain_batch : {0, 2}) {
        const Samples guessed = draw(chain_batch, speculate);
        EXPECT_EQ(guessed.images, expected.images) << round;
        EXPECT_EQ(guessed.probabilities, expected.probabilities) << round;
        counts += guessed.speculation;
      }
  }
  EXPECT_GT(counts.kept, 100);
  EXPECT_GT(counts.guessed - counts.kept, 300);
}

// A network whose logits are one number everywhere.
Model constant_model(int height, int width, float logit) {
  Model model{
      .network = testing::small_network(height, width), .head = make_output_head({}), .parameters = {}};
  model.parameters.resize(model.network.parameter_count(), 0.0f);
  const Parameter& bias = model.network.parameters.back();
  EXPECT_EQ(bias.size, 1u);
  model.parameters[bias.offset] = logit;
  return model;
}

Samples draw_one(const Model& model, int speculate) {
  return sample_incrementally(model.network, *model.head, model.parameters, {.chains = 1}, Workers(1), 0,
                              Precision::kF32, speculate);
}

TEST(Speculation, TakesFewPassesWhereGuessesAreRight) {
  const Model model = constant_model(20, 24, -12.0f);
  const Samples one_by_one = draw_one(model, kSpeculateOff), chosen = draw_one(model, kSpeculateAuto),
                eight = draw_one(model, 8);
  EXPECT_EQ(one_by_one.speculation.passes, 20 * 24);
  EXPECT_EQ(one_by_one.speculation.guessed, 0);
  EXPECT_EQ(eight.speculation.passes, 20 * 3);
  EXPECT_EQ(eight.speculation.kept, 20 * 24);
  EXPECT_LT(chosen.speculation.passes, 20 * 2);
  EXPECT_EQ(chosen.speculation.kept, chosen.speculation.guessed);
  EXPECT_EQ(chosen.images, one_by_one.images);
}

// What is drawn with the pixel's own number agrees with the sample even where the pixel is a toss of a coin.
TEST(Speculation, GuessesMostOfWhatNobodyCouldKnow) {
  const Samples samples = draw_one(constant_model(28, 28, 0.0f), 8);
  EXPECT_GT(samples.speculation.kept, 28 * 28 * 6 / 10);
}

TEST(Speculation, GoesOnWhereLogitsAreNotFinite) {
  const Model model = constant_model(5, 6, std::numeric_limits<float>::quiet_NaN());
  for (const int speculate : {kSpeculateOff, kSpeculateAuto, 4})
    for (const float value : draw_one(model, speculate).images) EXPECT_TRUE(std::isnan(value));
}

// Whatever is guessed, the other is drawn.
TEST(Guesser, RestsWhereNoGuessIsRight) {
  const Network network = testing::small_network(80, 80);
  const auto head = make_output_head({});
  const SampleRequest request;
  PixelDraws draws(network, *head, request);
  std::vector<GuessTable> tables{GuessTable(*head, 1.0, false)};
  Guesser guesser(tables, *head, network.shape(0, 1), 0, 1, {.columns = 32, .column_cost = 0.3}, draws);
  constexpr float kUntouched = 0.5f;
  int guesses = 0;
  for (int row = 0; row < 80; ++row)
    for (int column = 0; column < 80; ++column) {
      float& value = draws.image(0)[static_cast<std::size_t>(row * 80 + column)];
      value = kUntouched;
      (void)guesser.guess(row, column, 80 - column);
      guesses += value != kUntouched;
      guesser.learn(0, row, column, 0, value == 1.0f ? 0.0f : 1.0f);
    }
  EXPECT_GT(guesses, 64);
  EXPECT_LT(guesses, 80 * 80 / 3);
}

TEST(GuessTable, DrawsWithThePixelsNumberFromWhatItWasTaught) {
  const auto head = make_output_head({});
  GuessTable table(*head, 1.0, false);
  LevelRows rows(1, 1, 9);
  const Surroundings around = table.surroundings(rows, 0, 0, 4, 3);
  for (int i = 0; i < 10000; ++i) table.learn(around, {}, i % 4 == 0);
  for (const float number : {0.0f, 0.1f, 0.24f}) EXPECT_EQ(table.guess(around, number).level, 1) << number;
  for (const float number : {0.26f, 0.5f, 0.99f}) EXPECT_EQ(table.guess(around, number).level, 0) << number;
  EXPECT_LT(table.guess(around, 0.24f).margin, table.guess(around, 0.01f).margin);
  EXPECT_LT(table.guess(around, 0.26f).margin, table.guess(around, 0.95f).margin);
  GuessTable at_zero(*head, 0.0, false);
  for (int i = 0; i < 100; ++i) at_zero.learn(around, {}, i % 4 == 0);
  EXPECT_EQ(at_zero.guess(around, 0.1f).level, 0) << "the mode";
}

TEST(GuessTable, DrawsLevelsInTheOrderOfTheHead) {
  const auto head = make_output_head({.kind = HeadKind::kSoftmax, .levels = 3});
  GuessTable table(*head, 1.0, false);
  LevelRows rows(1, 1, 9);
  const Surroundings around = table.surroundings(rows, 0, 0, 0, 0);
  for (int i = 0; i < 30000; ++i) table.learn(around, {}, i % 3);
  for (int level = 0; level < 3; ++level) {
    const float number = (static_cast<float>(level) + 0.5f) / 3.0f;
    EXPECT_EQ(table.guess(around, number).level, level);
    const std::vector<float> logits(3, 0.0f);
    EXPECT_EQ(head->level(head->draw({.logits = logits}, 1.0f, number)), level);
  }
}

TEST(GuessTable, TellsHowOftenGuessesOfAMarginAreRight) {
  const auto head = make_output_head({});
  GuessTable table(*head, 1.0, false);
  const Surroundings around;
  const Guess sure{.level = 1, .margin = 7}, unsure{.level = 1, .margin = 0};
  EXPECT_GT(table.right(sure), table.right(unsure));
  for (int i = 0; i < 1000; ++i) table.learn(around, unsure, i % 10 != 0);
  for (int i = 0; i < 1000; ++i) table.learn(around, sure, i % 2);
  EXPECT_NEAR(table.right(unsure), 0.9, 0.01);
  EXPECT_NEAR(table.right(sure), 0.5, 0.01);
}

// Ten pixels of two levels, four of more; and the channel before at the pixel itself.
TEST(GuessTable, LooksAtThePixelsBeside) {
  for (const int levels : {2, 8}) {
    const auto head = make_output_head({.kind = HeadKind::kSoftmax, .levels = levels}, 2);
    const GuessTable table(*head, 1.0, true);
    int seen = 0;
    for (int channel = 0; channel < 2; ++channel)
      for (int row = 3; row <= 5; ++row)
        for (int column = 0; column < 9; ++column) {
          LevelRows rows(1, 2, 9);
          const Surroundings nothing = table.surroundings(rows, 0, 1, 5, 4);
          rows.set(0, channel, row, column, levels - 1);
          seen += table.surroundings(rows, 0, 1, 5, 4).fine != nothing.fine;
        }
    EXPECT_EQ(seen, levels == 2 ? 11 : 5);
  }
}

TEST(SpeculationNamed, ReadsTheWordsOfConfigsAndPrograms) {
  EXPECT_EQ(speculation_named("auto"), kSpeculateAuto);
  EXPECT_EQ(speculation_named("off"), kSpeculateOff);
  EXPECT_EQ(speculation_named("2"), 2);
  EXPECT_EQ(speculation_named("64"), 64);
  for (const char* word : {"", "1", "65", "-2", "8x", "on", "2.5", " 8"})
    EXPECT_EQ(speculation_named(word), std::nullopt) << word;
}

TEST(PlanChains, GuessesForFewChainsInBatchesOfOne) {
  const Network network = testing::tutorial_network();
  const PixelProgram program(network, std::vector<float>(network.parameter_count()));
  const auto head = make_output_head({});
  const auto plan = [&](int chains, int threads, int chain_batch, int speculate) {
    const ChainPlan chosen = plan_chains(program, *head, chains, threads, chain_batch, speculate);
    return std::pair{chosen.chain_batch, chosen.span.columns};
  };
  EXPECT_EQ(plan(1, 1, 0, kSpeculateAuto), (std::pair{1, 32}));
  EXPECT_EQ(plan(4, 2, 0, kSpeculateAuto), (std::pair{1, 32}));
  EXPECT_EQ(plan(5, 2, 0, kSpeculateAuto), (std::pair{3, 1}));
  EXPECT_EQ(plan(25, 2, 0, kSpeculateAuto), (std::pair{13, 1}));
  EXPECT_EQ(plan(4, 2, 2, kSpeculateAuto), (std::pair{2, 1})) << "batches that were asked for";
  EXPECT_EQ(plan(1, 1, 0, kSpeculateOff), (std::pair{1, 1}));
  EXPECT_EQ(plan(25, 2, 0, kSpeculateOff), (std::pair{13, 1}));
  EXPECT_EQ(plan(25, 2, 0, 8), (std::pair{1, 8}));
  EXPECT_EQ(plan(25, 2, 4, 8), (std::pair{4, 8}));
  const auto many_levels = make_output_head({.kind = HeadKind::kSoftmax, .levels = 300});
  EXPECT_EQ(plan_chains(program, *many_levels, 1, 1, 0, kSpeculateAuto).span.columns, 1);

  // What this one keeps of one chain is more than any cache.
  ModelConfig config;
  config.input_filters = 2;
  config.blocks = {{1, AttentionBlockConfig{.heads = 64, .key = 64, .value = 64}}};
  const Network attending = build_network(config, 1, 128, 128);
  const PixelProgram large(attending, std::vector<float>(attending.parameter_count()));
  EXPECT_GT(plan_chains(large, *head, 1000, 1, 0, kSpeculateAuto).span.columns, 1);
  EXPECT_EQ(plan_chains(large, *head, 1000, 1, 0, kSpeculateAuto).chain_batch, 1);
  EXPECT_EQ(plan_chains(large, *head, 1000, 1, 0, kSpeculateOff).chain_batch, 4);
  EXPECT_EQ(plan_chains(large, *head, 1000, 1, 7, kSpeculateAuto).chain_batch, 7) << "what is asked for";
  EXPECT_EQ(plan_chains(large, *many_levels, 1000, 1, 0, kSpeculateAuto).span.columns, 1);
}

}  // namespace
}  // namespace pcnn

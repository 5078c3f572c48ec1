#include "engine/sample/incremental_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/sample/naive_sampler.h"
#include "tests/sample/sampled_model.h"
#include "tests/support/chi_square.h"
#include "tests/support/networks.h"
#include "tests/support/states.h"

namespace pcnn {
namespace {

using testing::Random;

constexpr Activation kFunctions[] = {Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,
                                     Activation::kTanh, Activation::kSigmoid};

TEST(IncrementalSampler, GivesTheSameBitsForAnyThreadsChainBatchAndCanvas) {
  Random random(41);
  const Model model(random, 9, 7);
  const Samples expected = sample(model, {.chains = 23, .seed = 5, .with_probabilities = true}, 1, 1);
  for (const int threads : {1, 2, 5})
    for (const int chain_batch : {0, 1, 2, 7, 16, 23, 100}) {
      const Samples other =
          sample(model, {.chains = 23, .seed = 5, .with_probabilities = true}, threads, chain_batch);
      EXPECT_EQ(other.images, expected.images) << threads << " threads, chain_batch " << chain_batch;
      EXPECT_EQ(other.probabilities, expected.probabilities)
          << threads << " threads, chain_batch " << chain_batch;
    }
  const std::vector<float> canvas = testing::random_images(random, model.network, 23);
  const std::vector<std::uint8_t> none(23 * 9 * 7, 0);
  EXPECT_EQ(sample(model, {.chains = 23, .seed = 5, .canvas = canvas}).images, expected.images);
  EXPECT_EQ(sample(model, {.chains = 23, .seed = 5, .canvas = canvas, .known = none}).images,
            expected.images);
}

TEST(IncrementalSampler, AChainDependsOnItsIndexAndTheSeedAlone) {
  Random random(42);
  const Model model(random, 6, 6);
  const std::vector<float> many = sample(model, {.chains = 20, .seed = 5}).images,
                           few = sample(model, {.chains = 3, .seed = 5}).images;
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_NE(sample(model, {.chains = 3, .seed = 6}).images, few);
}

// Both samplers draw with the same random numbers, so their images are the same until a number falls between
// two probabilities that rounding has set apart; from there a chain goes its own way.
TEST(IncrementalSampler, DrawsWhatTheNaiveSamplerDraws) {
  Random random(43);
  int chains = 0, parted = 0;
  for (int round = 0; round < 20; ++round) {
    const Model model(random, random.between(1, 11), random.between(1, 11), kFunctions[round % 5]);
    SCOPED_TRACE(testing::describe(model.network));
    const SampleRequest request{.chains = 8, .seed = 70, .with_probabilities = true};
    const Samples incremental = sample(model, request);
    const Samples naive = sample_naively(model.network, *kHead, model.parameters, request, Workers(2));
    const Shape shape = model.network.shape(0, request.chains);
    const RandomStream stream(request.seed, Stream::kSample);
    for (int chain = 0; chain < request.chains; ++chain, ++chains)
      for (int i = 0; i < shape.h * shape.w * shape.c; ++i) {  // pixels in raster order, channels innermost
        const int pixel = i / shape.c, channel = i % shape.c;
        const std::size_t at = shape.offset(chain, channel, pixel / shape.w, pixel % shape.w);
        const float a = incremental.probabilities[at], b = naive.probabilities[at];
        ASSERT_NEAR(a, b, 1e-5f) << "chain " << chain << " pixel " << pixel;
        if (incremental.images[at] == naive.images[at]) continue;
        const float drawn =
            stream.uniform(static_cast<std::uint32_t>(chain), static_cast<std::uint32_t>(pixel),
                           static_cast<std::uint32_t>(channel));
        ASSERT_TRUE(drawn >= std::min(a, b) && drawn < std::max(a, b))
            << "chain " << chain << " pixel " << pixel;
        ++parted;
        break;
      }
  }
  EXPECT_EQ(chains, 160);
  EXPECT_LE(parted, 2);  // some 10,000 draws, apart by 1e-6 each
}

TEST(IncrementalSampler, FollowsTheModelsDistributionOverAllStates) {
  constexpr int kSamples = 100000;
  const Network network = testing::small_network(3, 3);
  Random random(44);
  const std::vector<float> parameters = testing::random_parameters(random, network);
  const SampleRequest request{.chains = kSamples, .seed = 21};
  const std::vector<float> samples =
      sample_incrementally(network, *kHead, parameters, request, Workers(2)).images;
  testing::expect_counts_follow(testing::count_states(network, *kHead, samples),
                                testing::state_probabilities(network, *kHead, parameters));
}

TEST(IncrementalSampler, KeepsKnownPixelsAndDrawsTheRestAsTheNaiveSamplerDoes) {
  Random random(45);
  const Model model(random, 8, 9);
  const int chains = 12;
  const Shape shape = model.network.shape(0, chains);
  std::vector<float> canvas(shape.size());
  for (float& value : canvas) value = static_cast<float>(random.between(0, 1));
  std::vector<std::uint8_t> known(static_cast<std::size_t>(chains * shape.h * shape.w));
  for (std::uint8_t& one : known) one = static_cast<std::uint8_t>(random.between(0, 1));
  const SampleRequest request{.chains = chains, .seed = 3, .canvas = canvas, .known = known};
  const std::vector<float> images = sample(model, request).images;
  EXPECT_EQ(images, sample_naively(model.network, *kHead, model.parameters, request, Workers(2)).images);
  int redrawn = 0;
  for (int chain = 0; chain < chains; ++chain)
    for (int channel = 0; channel < shape.c; ++channel)
      for (int pixel = 0; pixel < shape.h * shape.w; ++pixel) {
        const std::size_t at = shape.offset(chain, channel, pixel / shape.w, pixel % shape.w);
        if (known[static_cast<std::size_t>(chain * shape.h * shape.w + pixel)])
          EXPECT_EQ(images[at], canvas[at]);
        else
          redrawn += images[at] != canvas[at];
      }
  EXPECT_GT(redrawn, 0);
}

// Known pixels are computed many at a time, unless their probabilities are asked for.
TEST(IncrementalSampler, DrawsTheSameImagesWhetherKnownPixelsAreComputedTogetherOrOneByOne) {
  Random random(48);
  for (int round = 0; round < 12; ++round) {
    const Model model(random, random.between(2, 9), random.between(2, 9));
    const int chains = random.between(1, 5);
    const Shape shape = model.network.shape(0, chains);
    std::vector<float> canvas(shape.size());
    for (float& value : canvas) value = static_cast<float>(random.between(0, 1));
    std::vector<std::uint8_t> one_mask, known;  // most pixels, of every chain
    for (int pixel = 0; pixel < shape.h * shape.w; ++pixel)
      one_mask.push_back(static_cast<std::uint8_t>(random.between(0, 3) > 0));
    for (int chain = 0; chain < chains; ++chain) known.insert(known.end(), one_mask.begin(), one_mask.end());
    SampleRequest request{.chains = chains, .seed = 7, .canvas = canvas, .known = known};
    const std::vector<float> together = sample(model, request, 1 + round % 2, round % 4).images;
    request.with_probabilities = true;
    EXPECT_EQ(together, sample(model, request).images) << "round " << round;
  }
}

TEST(IncrementalSampler, DividesLogitsByTheTemperature) {
  Random random(46);
  const Model model(random, 1, 1);  // the first pixel sees nothing, so its logit is the same in every chain
  const auto probability_at = [&](double temperature) {
    return sample(model, {.chains = 1, .temperature = temperature, .with_probabilities = true})
        .probabilities[0];
  };
  const float own = probability_at(1.0), logit = std::log(own / (1.0f - own));
  EXPECT_NEAR(probability_at(0.25), 1.0f / (1.0f + std::exp(-logit * 4.0f)), 1e-5f);
  EXPECT_NEAR(probability_at(8.0), 1.0f / (1.0f + std::exp(-logit / 8.0f)), 1e-5f);
}

// Each dimension compares a number of its own, channels included, with its probability at the temperature.
TEST(IncrementalSampler, DrawsEveryDimensionByItsOwnNumberAndProbability) {
  Random random(49);
  int channels = 0;
  for (int round = 0; round < 12; ++round) {
    const Model model(random, 3, 4);
    const SampleRequest request{.chains = 40, .seed = 9, .temperature = 2.5, .with_probabilities = true};
    const Samples samples = sample(model, request);
    const Shape shape = model.network.shape(0, request.chains);
    const RandomStream stream(request.seed, Stream::kSample);
    channels = std::max(channels, shape.c);
    for (int chain = 0; chain < shape.n; ++chain)
      for (int channel = 0; channel < shape.c; ++channel)
        for (int pixel = 0; pixel < 12; ++pixel) {
          const std::size_t at = shape.offset(chain, channel, pixel / 4, pixel % 4);
          const float drawn =
              stream.uniform(static_cast<std::uint32_t>(chain), static_cast<std::uint32_t>(pixel),
                             static_cast<std::uint32_t>(channel));
          ASSERT_EQ(samples.images[at], drawn < samples.probabilities[at] ? 1.0f : 0.0f) << at;
        }
  }
  EXPECT_GT(channels, 1);
}

// bf16, or f32 where the processor does not multiply it.
Samples sample_in_bf16(const Model& model, const SampleRequest& request, int threads = 2,
                       int chain_batch = 0) {
  return sample_incrementally(model.network, *kHead, model.parameters, request, Workers(threads), chain_batch,
                              Precision::kBf16);
}

TEST(IncrementalSampler, InBf16GivesTheSameBitsForAnyThreadsAndChainBatch) {
  if (pixel_kernel(Precision::kBf16).precision != Precision::kBf16)
    GTEST_SKIP() << "samples are drawn in f32 here";
  Random random(51);
  for (int round = 0; round < 5; ++round) {
    const Model model(random, 6, 7);
    const SampleRequest request{.chains = 23, .seed = 5, .with_probabilities = true};
    const Samples expected = sample_in_bf16(model, request, 1, 1);
    EXPECT_EQ(expected.precision, Precision::kBf16);
    for (const int chain_batch : {0, 2, 7, 16, 23}) {
      const Samples other = sample_in_bf16(model, request, 2, chain_batch);
      EXPECT_EQ(other.images, expected.images) << chain_batch;
      EXPECT_EQ(other.probabilities, expected.probabilities) << chain_batch;
    }
  }
}

// All pixels known, so that both look at one image: the probabilities of what might have been drawn.
TEST(IncrementalSampler, InBf16GivesNearlyTheProbabilitiesOfF32AndOfTheNaiveSampler) {
  Random random(52);
  double largest = 0.0;
  for (int round = 0; round < 15; ++round) {
    const Model model(random, 6, 5, kFunctions[round % 5]);
    const Samples drawn = sample(model, {.chains = 4, .seed = 5});
    const std::vector<std::uint8_t> known(4 * 6 * 5, 1);
    const SampleRequest request{
        .chains = 4, .canvas = drawn.images, .known = known, .with_probabilities = true};
    const std::vector<float> exact = sample(model, request).probabilities,
                             rounded = sample_in_bf16(model, request).probabilities;
    ASSERT_EQ(rounded.size(), exact.size());
    for (std::size_t i = 0; i < exact.size(); ++i) {
      ASSERT_NEAR(rounded[i], exact[i], 0.05) << round;  // factors of eight bits, a few layers deep
      largest = std::max(largest, std::abs(static_cast<double>(rounded[i]) - exact[i]));
    }
    if (!can_compute(Precision::kBf16)) continue;
    const std::vector<float> naive =
        sample_naively(model.network, *kHead, model.parameters, request, Workers(2), Precision::kBf16)
            .probabilities;
    for (std::size_t i = 0; i < exact.size(); ++i) ASSERT_NEAR(rounded[i], naive[i], 0.05) << round;
  }
  const bool is_bf16 = pixel_kernel(Precision::kBf16).precision == Precision::kBf16;
  EXPECT_EQ(largest > 0.0, is_bf16);
}

TEST(IncrementalSampler, ReportsItsProgressUpToTheLastPixel) {
  Random random(47);
  const Model model(random, 4, 5);
  std::int64_t last = 0;
  (void)sample(model,
               {.chains = 6, .on_progress = [&](std::int64_t pixels) { last = std::max(last, pixels); }}, 1);
  EXPECT_EQ(last, 6 * 20);
}

TEST(IncrementalSampler, RefusesACanvasOfAnotherSize) {
  Random random(48);
  const Model model(random, 4, 5);
  const std::vector<float> canvas(7);
  EXPECT_THROW((void)sample(model, {.chains = 2, .canvas = canvas}), std::invalid_argument);
}

constexpr std::size_t kMega = std::size_t{1} << 20;

TEST(ChooseChainBatch, GivesEveryThreadAnEqualShare) {
  const std::size_t chain = kMega / 100;  // small beside the cache: 64 fit
  EXPECT_EQ(choose_chain_batch(chain, 32 * kMega, 1, 8), 1);
  EXPECT_EQ(choose_chain_batch(chain, 32 * kMega, 8, 8), 1);
  EXPECT_EQ(choose_chain_batch(chain, 32 * kMega, 25, 2), 13);
  EXPECT_EQ(choose_chain_batch(chain, 32 * kMega, 128, 2), 64) << "the largest";
  EXPECT_EQ(choose_chain_batch(chain, 32 * kMega, 130, 2), 33) << "two rounds of 33 and 32, not 64, 64 and 2";
}

TEST(ChooseChainBatch, StaysWithinAThreadsShareOfTheCache) {
  EXPECT_EQ(choose_chain_batch(kMega / 2, 32 * kMega, 1000, 1), 63) << "64 fit; 16 rounds of 63";
  EXPECT_EQ(choose_chain_batch(kMega / 2, 32 * kMega, 1000, 2), 32) << "32 fit beside the other thread's";
  EXPECT_EQ(choose_chain_batch(kMega, 32 * kMega, 64, 1), 32);
  EXPECT_EQ(choose_chain_batch(100 * kMega, 32 * kMega, 64, 1), 16) << "fewer would load weights too often";
}

// The rule, by trying: the least number of rounds in which no chain_batch is too large, and in those the
// least chain_batch.
TEST(ChooseChainBatch, TakesTheFewestRoundsThatFit) {
  const std::size_t chain = kMega / 10;
  for (const std::size_t cache : {std::size_t{0}, 3 * kMega, 5 * kMega, 64 * kMega})
    for (const int threads : {1, 2, 3, 7, 64})
      for (int chains = 1; chains < 400; ++chains) {
        const std::size_t fit = cache / static_cast<std::size_t>(threads) / chain;
        const int largest = static_cast<int>(std::clamp<std::size_t>(fit, 16, 64));
        int rounds = 1;
        while (rounds * threads * largest < chains) ++rounds;
        int chain_batch = 1;
        while (rounds * threads * chain_batch < chains) ++chain_batch;
        ASSERT_EQ(choose_chain_batch(chain, cache, chains, threads), chain_batch)
            << chains << " chains, " << threads << " threads, " << cache << " bytes";
      }
}

TEST(ChooseChainBatch, OfAProgramGoesByItsRows) {
  const Network network = testing::tutorial_network();
  const PixelProgram program(network, std::vector<float>(network.parameter_count()));
  EXPECT_EQ(choose_chain_batch(program, 25, 2), 13);
  EXPECT_EQ(effective_chain_batch(0, program, 25, 2), 13);
  EXPECT_EQ(effective_chain_batch(7, program, 25, 2), 7) << "what is asked for";
  EXPECT_EQ(effective_chain_batch(70, program, 25, 2), 25) << "no more than there are";
}

}  // namespace
}  // namespace pcnn

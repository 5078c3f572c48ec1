#include "engine/model/logistic_mixture_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/model/mixture_loss.h"
#include "tests/support/head_checks.h"

namespace pcnn {
namespace {

using testing::HeadCase;
using testing::Random;

long double sigmoid(long double x) {
  return 1.0L / (1.0L + std::exp(-x));
}

// By the definition in the header, for one pixel; logits in the order stated there.
long double exact_probability(const std::vector<float>& logits, const std::vector<float>& x, int levels,
                              int mixtures, bool has_forecast) {
  const int channels = static_cast<int>(x.size());
  const long double half = 1.0L / (levels - 1);
  const auto line = [&](int index, int k) {
    return static_cast<long double>(logits[static_cast<std::size_t>(index * mixtures + k)]);
  };
  const auto forecast = [&](int channel) {
    if (!has_forecast) return 0.0L;
    return static_cast<long double>(logits[logits.size() - x.size() + static_cast<std::size_t>(channel)]);
  };
  long double sum = 0.0L, total = 0.0L;
  for (int k = 0; k < mixtures; ++k) {
    long double product = std::exp(line(0, k));
    total += product;
    int coefficient = 1 + 2 * channels;
    for (int c = 0; c < channels; ++c) {
      long double mean = line(1 + 2 * c, k) + forecast(c);
      for (int j = 0; j < c; ++j)
        mean += std::tanh(line(coefficient++, k)) * (x[static_cast<std::size_t>(j)] - forecast(j));
      const long double scale = std::exp(std::max(line(2 + 2 * c, k), -7.0L));
      const long double value = x[static_cast<std::size_t>(c)];
      const long double above = value > 1.0L - half ? 1.0L : sigmoid((value + half - mean) / scale);
      const long double below = value < half - 1.0L ? 0.0L : sigmoid((value - half - mean) / scale);
      product *= above - below;
    }
    sum += product;
  }
  return sum / total;
}

TEST(LogisticMixtureHead, GivesTheNatsOfTheFormula) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const int levels = random.between(0, 1) ? 256 : random.between(2, 20), channels = random.between(1, 4),
              mixtures = random.between(1, 7);
    const bool forecast = random.between(0, 1);
    const LogisticMixtureHead head(levels, mixtures, channels, forecast);
    const HeadCase image = testing::random_case(random, head, channels, 1, random.uniform(0.2f, 2.0f));
    const long double exact = exact_probability(image.logits, image.targets, levels, mixtures, forecast);
    if (exact < 1e-12L) continue;  // where the difference of two sigmoids keeps no digits even here
    EXPECT_NEAR(head.nats(image.logits, image.targets, {}), static_cast<double>(-std::log(exact)), 2e-5);
  }
}

TEST(LogisticMixtureHead, SumsToOneOverAllValuesOfAPixel) {
  Random random(2);
  for (const int channels : {1, 2, 3})
    for (const float spread : {0.1f, 1.0f, 4.0f, 12.0f}) {
      constexpr int kLevels = 6;
      const LogisticMixtureHead head(kLevels, 4, channels, spread < 2.0f);
      HeadCase image = testing::random_case(random, head, channels, 1, spread);
      double sum = 0.0;
      for (int state = 0; state < std::pow(kLevels, channels); ++state) {
        for (int channel = 0, rest = state; channel < channels; ++channel, rest /= kLevels)
          image.targets[static_cast<std::size_t>(channel)] = head.value(rest % kLevels);
        sum += std::exp(-head.nats(image.logits, image.targets, {}));
      }
      EXPECT_NEAR(sum, 1.0, 1e-5) << channels << " channels, spread " << spread;
    }
}

// 256 and 1024 levels, with scales from far below the distance of two levels to far above all of them.
TEST(LogisticMixtureHead, SumsToOneForAnyScale) {
  for (const int levels : {2, 256, 1024})
    for (const float log_scale : {-1000.0f, -7.0f, -5.0f, -2.0f, 0.0f, 5.0f, 20.0f, 80.0f})
      for (const float mean : {-40.0f, -1.0f, -0.371f, 0.0f, 0.9999f, 1.0f, 3.0f}) {
        const LogisticMixtureHead head(levels, 1, 1);
        const std::vector<float> logits{0.7f, mean, log_scale};
        double sum = 0.0;
        for (int level = 0; level < levels; ++level)
          sum += std::exp(-head.nats(logits, std::vector{head.value(level)}, {}));
        EXPECT_NEAR(sum, 1.0, 1e-5) << levels << " levels, log scale " << log_scale << ", mean " << mean;
      }
}

TEST(LogisticMixtureHead, StaysFiniteFarFromEveryComponent) {
  const LogisticMixtureHead head(256, 2, 1);
  const std::vector<float> logits{0.0f, 1.0f, 0.9f, 0.8f, -9.0f, -7.0f};
  std::vector<float> diff(6);
  const double nats = head.nats(logits, std::vector{head.value(10)}, diff);
  EXPECT_TRUE(std::isfinite(nats));
  EXPECT_GT(nats, 1000.0);
  for (const float slope : diff) EXPECT_TRUE(std::isfinite(slope));
}

TEST(LogisticMixtureHead, GivesTheDerivativesOfTheNats) {
  Random random(3);
  for (int round = 0; round < 30; ++round) {
    const int channels = random.between(1, 4);
    const LogisticMixtureHead head(random.between(2, 16), random.between(1, 4), channels, round % 2);
    const HeadCase image = testing::random_case(random, head, channels, random.between(1, 6), 0.7f);
    // Curvature costs about the step's square; rounding 1e-6 of some tens over the step.
    testing::expect_slopes(head, image, 0x1.0p-8f, 4e-3);
  }
}

// All means moved by as much as the forecast, the values and the forecast moved together, are one and the
// same.
TEST(LogisticMixtureHead, TakesItsMeansAndTheValuesBeforeRelativeToTheForecast) {
  constexpr int kLevels = 16, kMixtures = 3, kChannels = 3;
  Random random(8);
  const LogisticMixtureHead with(kLevels, kMixtures, kChannels, true), without(kLevels, kMixtures, kChannels);
  EXPECT_EQ(with.forecast_channels(), kChannels);
  EXPECT_EQ(with.logit_channels(), without.logit_channels() + kChannels);
  HeadCase image = testing::random_case(random, without, kChannels, 1, 1.0f);
  const double nats = without.nats(image.logits, image.targets, {});
  image.logits.resize(image.logits.size() + kChannels, 0.0f);
  EXPECT_EQ(with.nats(image.logits, image.targets, {}), nats) << "a forecast of 0 changes nothing";
  for (int channel = 0; channel < kChannels; ++channel) {
    image.logits[image.logits.size() - kChannels + static_cast<std::size_t>(channel)] = 0.25f;
    for (int k = 0; k < kMixtures; ++k)
      image.logits[static_cast<std::size_t>((1 + 2 * channel) * kMixtures + k)] -= 0.25f;
  }
  EXPECT_NE(with.nats(image.logits, image.targets, {}), nats) << "coefficients see residuals";
  for (std::size_t i = (1 + 2 * kChannels) * kMixtures; i < image.logits.size() - kChannels; ++i)
    image.logits[i] = 0.0f;
  std::vector<float> plain(image.logits.begin(), image.logits.end() - kChannels);
  for (int channel = 0; channel < kChannels; ++channel)
    for (int k = 0; k < kMixtures; ++k)
      plain[static_cast<std::size_t>((1 + 2 * channel) * kMixtures + k)] += 0.25f;
  EXPECT_NEAR(with.nats(image.logits, image.targets, {}), without.nats(plain, image.targets, {}), 1e-5);
}

TEST(LogisticMixtureHead, LeavesALogScaleAloneBelowItsFloor) {
  const LogisticMixtureHead head(256, 1, 1);
  std::vector<float> diff(3);
  const std::vector<float> target{head.value(128)};
  EXPECT_EQ(head.nats(std::vector{0.0f, 0.01f, -9.0f}, target, diff),
            head.nats(std::vector{0.0f, 0.01f, -7.0f}, target, {}));
  EXPECT_EQ(diff[2], 0.0f);
}

TEST(LogisticMixtureHead, ScoresByItsConditionalProbabilities) {
  Random random(4);
  for (int round = 0; round < 20; ++round) {
    const int channels = random.between(1, 4);
    const LogisticMixtureHead head(random.between(2, 300), random.between(1, 5), channels, round % 2);
    testing::expect_nats_of_probabilities(head, channels, 5,
                                          testing::random_case(random, head, channels, 5, 1.0f), 2e-5);
  }
}

TEST(LogisticMixtureHead, DrawsByItsProbabilitiesAtAnyTemperature) {
  Random random(5);
  const LogisticMixtureHead head(7, 3, 3, true);
  for (const float temperature : {0.3f, 1.0f, 4.0f}) {
    const HeadCase image = testing::random_case(random, head, 3, 1, 1.0f);
    for (int channel = 0; channel < 3; ++channel)
      testing::expect_draws_follow(
          head,
          {.logits = image.logits,
           .channel = channel,
           .earlier = std::span(image.targets).first(static_cast<std::size_t>(channel))},
          temperature);
  }
}

// At both ends of the unit interval too, where probabilities are small: each is the first level whose
// cumulative probability exceeds the number, to a relative error of what is on its side of it.
TEST(LogisticMixtureHead, DrawsTheLevelAtAnyCumulativeProbability) {
  Random random(6);
  for (int round = 0; round < 40; ++round) {
    const int levels = round % 4 == 0 ? random.between(2, 5) : 256, mixtures = random.between(1, 11);
    const LogisticMixtureHead head(levels, mixtures, 3, round % 2);
    HeadCase image = testing::random_case(random, head, 3, 1, 1.5f);
    if (round % 5 == 0)  // below the least log scale
      for (int channel = 0; channel < 3; ++channel)
        image.logits[static_cast<std::size_t>((2 + 2 * channel) * mixtures)] = -12.0f;
    for (int channel = 0; channel < 3; ++channel) {
      const Conditional dimension{
          .logits = image.logits,
          .channel = channel,
          .earlier = std::span(image.targets).first(static_cast<std::size_t>(channel))};
      std::vector<float> own(static_cast<std::size_t>(levels));
      head.probabilities(dimension, 1.0f, own);
      const double total = std::accumulate(own.begin(), own.end(), 0.0);
      for (const float uniform :
           {0.0f, 0x1p-24f, 1e-5f, 0.01f, 0.3f, 0.4999999f, 0.5f, 0.7f, 0.99f, 0.99999f, 1.0f - 0x1p-24f}) {
        const int level = head.level(head.draw(dimension, 1.0f, uniform));
        const auto at = own.begin() + level;
        const bool from_above = uniform >= 0.5f;
        const double beside = from_above ? std::accumulate(at + 1, own.end(), 0.0) / total
                                         : std::accumulate(own.begin(), at, 0.0) / total;
        const double wanted = from_above ? 1.0 - uniform : std::max(uniform, 0x1p-25f);
        EXPECT_LE(beside, wanted * (1 + 1e-4)) << "level " << level << " at " << uniform;
        EXPECT_GE(beside + *at / total, wanted * (1 - 1e-4)) << "level " << level << " at " << uniform;
      }
    }
  }
}

// In vectors of any width, pixels that fill the last one up or not.
TEST(LogisticMixtureHead, GivesTheSameLossByEveryKernelOfTheProcessor) {
  Random random(8);
  for (int round = 0; round < 30; ++round) {
    const int channels = random.between(1, 4), mixtures = random.between(1, 11), area = random.between(1, 70);
    const bool forecast = random.between(0, 1);
    const LogisticMixtureHead head(256, mixtures, channels, forecast);
    const HeadCase image = testing::random_case(random, head, channels, area, 1.5f);
    MixtureLoss loss{.maps = {static_cast<std::size_t>(mixtures), static_cast<std::size_t>(channels)},
                     .width = level_width(256),
                     .has_forecast = forecast,
                     .pixels = static_cast<std::size_t>(area),
                     .logits = image.logits.data(),
                     .targets = image.targets.data()};
    std::vector<float> own(image.logits.size());
    const double nats = head.nats(image.logits, image.targets, own);
    for (const MixtureLossKernel kernel : mixture_loss_kernels()) {
      std::vector<float> scratch(mixture_loss_scratch(loss.maps) + 1, 7.0f), diff(own.size() + 1, 7.0f);
      loss.scratch = scratch.data();
      loss.diff_logits = diff.data();
      EXPECT_NEAR(kernel(loss), nats, 1e-5 * area * channels);
      for (std::size_t i = 0; i < own.size(); ++i)
        ASSERT_NEAR(diff[i], own[i], 1e-5f + 1e-4f * std::abs(own[i])) << i;
      EXPECT_EQ(diff.back(), 7.0f) << "wrote past the end";
      EXPECT_EQ(scratch.back(), 7.0f) << "wrote past the scratch";
      std::vector<float> of_pixels(static_cast<std::size_t>(area), 1.0f);
      loss.diff_logits = nullptr;
      loss.pixel_nats = of_pixels.data();
      EXPECT_NEAR(kernel(loss), nats, 1e-5 * area * channels) << "without derivatives";
      EXPECT_NEAR(std::accumulate(of_pixels.begin(), of_pixels.end(), 0.0), nats + area,
                  1e-5 * area * channels);
      loss.pixel_nats = nullptr;
    }
  }
}

TEST(LogisticMixtureHead, RaisesProbabilitiesToOneOverTheTemperature) {
  const LogisticMixtureHead head(5, 1, 1);
  const std::vector<float> logits{0.0f, 0.3f, -1.0f};
  std::vector<float> own(5), cold(5);
  head.probabilities({.logits = logits}, 1.0f, own);
  head.probabilities({.logits = logits}, 0.5f, cold);
  float squares = 0.0f;
  for (const float p : own) squares += p * p;
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(cold[i], own[i] * own[i] / squares, 1e-5f);
}

TEST(LogisticMixtureHead, GivesTheNatsOfEachPixel) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    const int channels = random.between(1, 4), area = random.between(1, 150);
    const LogisticMixtureHead head(random.between(2, 300), random.between(1, 5), channels, round % 2);
    testing::expect_nats_of_pixels(head, area, testing::random_case(random, head, channels, area, 2.0f));
  }
}

TEST(LogisticMixtureHead, ShowsALogitThatIsNotANumber) {
  Random random(91);
  const LogisticMixtureHead head(8, 3, 3, true);
  testing::expect_nan_shows(head, testing::random_case(random, head, 3, 3, 1.0f));
}

}  // namespace
}  // namespace pcnn

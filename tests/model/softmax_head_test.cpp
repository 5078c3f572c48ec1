#include "engine/model/softmax_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "engine/data/levels.h"
#include "tests/support/head_checks.h"

namespace pcnn {
namespace {

using testing::HeadCase;
using testing::Random;

TEST(SoftmaxHead, GivesTheNatsAndDerivativesOfTheFormula) {
  Random random(1);
  for (int round = 0; round < 40; ++round) {
    const int levels = round == 0 ? 256 : random.between(2, 40), channels = random.between(1, 4),
              area = random.between(1, 150);
    const SoftmaxHead head(levels, channels);
    const HeadCase image = testing::random_case(random, head, channels, area, random.uniform(0.1f, 30.0f));
    std::vector<float> diff(image.logits.size(), NAN);
    const double nats = head.nats(image.logits, image.targets, diff);
    long double exact = 0.0L;
    for (int channel = 0; channel < channels; ++channel)
      for (int pixel = 0; pixel < area; ++pixel) {
        const auto at = [&](int level) {
          return static_cast<std::size_t>((channel * levels + level) * area + pixel);
        };
        const int target =
            input_to_level(image.targets[static_cast<std::size_t>(channel * area + pixel)], levels);
        long double sum = 0.0L;
        for (int level = 0; level < levels; ++level)
          sum += std::exp(static_cast<long double>(image.logits[at(level)]));
        exact += std::log(sum) - image.logits[at(target)];
        for (int level = 0; level < levels; ++level) {
          const long double p = std::exp(static_cast<long double>(image.logits[at(level)])) / sum;
          ASSERT_NEAR(diff[at(level)], static_cast<double>(p - (level == target)), 1e-6);
        }
      }
    // f32: exponentials to 2e-7, logits of up to a hundred to 4e-6.
    EXPECT_NEAR(nats, static_cast<double>(exact), 1e-6 * static_cast<double>(exact) + 1e-5 * area);
  }
}

TEST(SoftmaxHead, HoldsForLogitsOfAnySize) {
  const SoftmaxHead head(3, 1);
  std::vector<float> diff(3);
  EXPECT_NEAR(head.nats(std::vector{1000.0f, 0.0f, -1000.0f}, std::vector{-1.0f}, diff), 0.0, 1e-6);
  EXPECT_NEAR(head.nats(std::vector{1000.0f, 0.0f, -1000.0f}, std::vector{1.0f}, diff), 2000.0, 1e-3);
  EXPECT_NEAR(diff[0], 1.0f, 1e-6f);
  EXPECT_NEAR(diff[2], -1.0f, 1e-6f);
}

TEST(SoftmaxHead, ScoresByItsProbabilities) {
  Random random(2);
  for (int round = 0; round < 20; ++round) {
    const int channels = random.between(1, 3);
    const SoftmaxHead head(random.between(2, 70), channels);
    testing::expect_nats_of_probabilities(head, channels, 5,
                                          testing::random_case(random, head, channels, 5, 2.0f), 1e-5);
  }
}

TEST(SoftmaxHead, DrawsByItsProbabilitiesAtAnyTemperature) {
  Random random(3);
  const SoftmaxHead head(5, 2);
  for (const float temperature : {0.3f, 1.0f, 4.0f}) {
    const HeadCase image = testing::random_case(random, head, 2, 1, 2.0f);
    // Of a group by itself, and of the second of two channels in one group.
    testing::expect_draws_follow(head, {.logits = std::span(image.logits).first(5)}, temperature);
    testing::expect_draws_follow(head, {.logits = image.logits, .channel = 1}, temperature);
  }
}

TEST(SoftmaxHead, DividesLogitsByTheTemperature) {
  const SoftmaxHead head(4, 1);
  const std::vector<float> logits{0.3f, -1.0f, 2.0f, 0.0f}, halved{0.15f, -0.5f, 1.0f, 0.0f};
  std::vector<float> warm(4), own(4);
  head.probabilities({.logits = logits}, 2.0f, warm);
  head.probabilities({.logits = halved}, 1.0f, own);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(warm[i], own[i], 1e-6f);
}

TEST(SoftmaxHead, DrawsALevelThatHasProbabilityAtTheVeryEnd) {
  const SoftmaxHead head(3, 1);
  const std::vector<float> logits{0.0f, 0.0f, -1000.0f};
  EXPECT_EQ(head.draw({.logits = logits}, 1.0f, std::nextafter(1.0f, 0.0f)), 0.0f);  // the middle level
  EXPECT_EQ(head.draw({.logits = logits}, 1.0f, 0.0f), -1.0f);
}

TEST(SoftmaxHead, FindsEveryLevelAgain) {
  for (int levels = 2; levels <= kMaxLevels; levels += levels < 1024 ? 1 : 8064) {
    const SoftmaxHead head(levels, 1);
    for (int level = 0; level < levels; ++level) ASSERT_EQ(head.level(head.value(level)), level) << levels;
    EXPECT_EQ(head.value(0), -1.0f);
    EXPECT_EQ(head.value(levels - 1), 1.0f);
  }
}

// Alike, spread, and all but one: each level's nats, and a draw at the end of each level's share.
TEST(SoftmaxHead, SumsToOneOver65536Levels) {
  const SoftmaxHead head(kMaxLevels, 1);
  Random random(8);
  for (const float spread : {0.0f, 0.3f, 3.0f}) {
    std::vector<float> logits(static_cast<std::size_t>(kMaxLevels));
    for (float& logit : logits) logit = spread * random.uniform(-1.0f, 1.0f);
    logits[40'000] += 1.2f;  // so that the others' exponentials are no whole numbers
    std::vector<float> diff(logits.size()), probabilities(logits.size());
    head.probabilities({.logits = logits}, 1.0f, probabilities);
    double sum = 0.0, exact = 0.0;
    for (const float probability : probabilities) sum += probability;
    for (const float logit : logits) exact += std::exp(double{logit});
    EXPECT_NEAR(sum, 1.0, 1e-6);
    double by_nats = 0.0;
    for (const int level : {0, 1, 32'768, 40'000, 65'534, 65'535}) {
      const auto at = static_cast<std::size_t>(level);
      const double nats = head.nats(logits, std::vector{head.value(level)}, diff);
      // 32-bit sums of 64 parts of 1024 terms each.
      EXPECT_NEAR(nats, std::log(exact) - double{logits[at]}, 2e-5) << spread << " " << level;
      EXPECT_NEAR(std::exp(-nats), probabilities[at], 3e-5 * probabilities[at]);
      by_nats += std::exp(-nats);
      EXPECT_NEAR(diff[at], probabilities[at] - 1.0f, 1e-6);
      EXPECT_NEAR(std::accumulate(diff.begin(), diff.end(), 0.0), 0.0, 3e-5);
    }
    EXPECT_LT(by_nats, 1.0);
    double below = 0.0;
    for (int level = 0; level < kMaxLevels; level += 4'369) {
      below = std::accumulate(probabilities.begin(), probabilities.begin() + level, 0.0);
      const auto middle = static_cast<float>(below + probabilities[static_cast<std::size_t>(level)] / 2);
      EXPECT_NEAR(head.level(head.draw({.logits = logits}, 1.0f, middle)), level, 1) << spread;
    }
  }
}

TEST(SoftmaxHead, GivesTheNatsOfEachPixel) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    const int channels = random.between(1, 4), area = random.between(1, 150);
    const SoftmaxHead head(random.between(2, 70), channels);
    testing::expect_nats_of_pixels(head, area, testing::random_case(random, head, channels, area, 2.0f));
  }
}

TEST(SoftmaxHead, ShowsALogitThatIsNotANumber) {
  Random random(91);
  const SoftmaxHead head(5, 2);
  testing::expect_nan_shows(head, testing::random_case(random, head, 2, 3, 1.0f));
}

}  // namespace
}  // namespace pcnn

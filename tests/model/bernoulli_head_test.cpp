#include "engine/model/bernoulli_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/head_checks.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

const BernoulliHead kHead;

long double sigmoid(long double z) {
  return 1.0L / (1.0L + std::exp(-z));
}

// log(1 + exp(z)) - z y: long double holds exp(100) with room to spare.
long double exact_nats(long double z, long double y) {
  return std::log1p(std::exp(z)) - z * y;
}

double nats(float z, float y) {
  return kHead.nats(std::vector{z}, std::vector{y}, {});
}

std::vector<float> many_logits() {
  std::vector<float> logits{0.0f, -0.0f, 1e-6f, -1e-6f, 20.0f, -20.0f, 88.0f, -88.0f, 100.0f, -100.0f};
  testing::Random random(1);
  for (int i = 0; i < 200; ++i) logits.push_back(random.uniform(-100.0f, 100.0f));
  for (int i = 0; i < 200; ++i) logits.push_back(random.normal());
  return logits;
}

TEST(BernoulliHead, GivesTheNatsOfTheFormulaForAnyLogit) {
  for (const float z : many_logits())
    for (const float y : {0.0f, 1.0f}) {
      const double exact = static_cast<double>(exact_nats(z, y));
      // Double arithmetic; where z is large and right, z - z y cancels exactly and leaves exp(-|z|).
      EXPECT_NEAR(nats(z, y), exact, 1e-14 * std::abs(z) + 1e-15) << "z " << z << ", y " << y;
    }
  EXPECT_DOUBLE_EQ(nats(100.0f, 0.0f), 100.0);
  EXPECT_DOUBLE_EQ(nats(-100.0f, 1.0f), 100.0);
  EXPECT_DOUBLE_EQ(nats(100.0f, 1.0f), std::exp(-100.0));
  EXPECT_DOUBLE_EQ(nats(0.0f, 1.0f), std::log(2.0));
}

TEST(BernoulliHead, SumsOverTheDimensionsOfAnImage) {
  const std::vector<float> logits = many_logits();
  std::vector<float> targets;
  double sum = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    targets.push_back(static_cast<float>(i % 2));
    sum += nats(logits[i], targets[i]);
  }
  EXPECT_NEAR(kHead.nats(logits, targets, {}), sum, 1e-12 * sum);
  std::vector<float> diff(logits.size());
  EXPECT_EQ(kHead.nats(logits, targets, diff), kHead.nats(logits, targets, {}));
}

TEST(BernoulliHead, GivesProbabilitiesThatSumToOne) {
  for (const float z : many_logits())
    EXPECT_NEAR(std::exp(-nats(z, 0.0f)) + std::exp(-nats(z, 1.0f)), 1.0, 1e-14) << "z " << z;
}

TEST(BernoulliHead, GivesTheDerivativeOfTheNats) {
  const std::vector<float> logits = many_logits();
  constexpr float kStep = 0x1.0p-8f;
  for (const float y : {0.0f, 1.0f}) {
    std::vector<float> diff(logits.size());
    const std::vector<float> targets(logits.size(), y);
    (void)kHead.nats(logits, targets, diff);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const float up = logits[i] + kStep, down = logits[i] - kStep;
      const double slope =
          (nats(up, y) - nats(down, y)) / (static_cast<double>(up) - static_cast<double>(down));
      // The difference errs by step^2 / 6 * |sigmoid''| < 2.5e-7, and up to half an ulp of 100 where the
      // middle of `up` and `down` is not the logit, times sigmoid' there: below 1e-9. The sigmoid is f32.
      EXPECT_NEAR(diff[i], slope, 5e-7) << "z " << logits[i] << ", y " << y;
      EXPECT_NEAR(diff[i], static_cast<double>(sigmoid(logits[i])) - y, 2e-7);
    }
  }
}

TEST(BernoulliHead, DrawsOneWhereTheUniformNumberIsBelowTheProbability) {
  const auto draw = [](float z, float uniform) { return kHead.draw({std::vector{z}}, 1.0f, uniform); };
  EXPECT_EQ(draw(0.0f, std::nextafter(0.5f, 0.0f)), 1.0f);
  EXPECT_EQ(draw(0.0f, 0.5f), 0.0f);
  const float below_one = std::nextafter(1.0f, 0.0f);
  EXPECT_EQ(draw(100.0f, below_one), 1.0f);
  EXPECT_EQ(draw(-100.0f, 1e-30f), 0.0f);
  EXPECT_EQ(draw(-20.0f, 0.0f), 1.0f);
  EXPECT_EQ(draw(5.0f, below_one), 0.0f);

  testing::Random random(2);
  for (int i = 0; i < 10000; ++i) {
    const float z = 3.0f * random.normal(), uniform = random.uniform(0.0f, 1.0f);
    const double probability = static_cast<double>(sigmoid(z));
    if (std::abs(uniform - probability) < 1e-6) continue;  // where f32 may round to either side
    EXPECT_EQ(draw(z, uniform), uniform < probability ? 1.0f : 0.0f) << "z " << z << ", uniform " << uniform;
  }
}

TEST(BernoulliHead, DividesLogitsByTheTemperature) {
  for (const float z : {-3.0f, 0.0f, 0.4f, 2.0f})
    for (const float temperature : {0.1f, 1.0f, 7.0f}) {
      std::vector<float> probability(static_cast<std::size_t>(kHead.probability_count()));
      kHead.probabilities({std::vector{z}}, temperature, probability);
      EXPECT_NEAR(probability[0], sigmoid(z / temperature), 1e-6);
      EXPECT_EQ(kHead.draw({std::vector{z}}, temperature, probability[0] - 1e-5f), 1.0f);
      EXPECT_EQ(kHead.draw({std::vector{z}}, temperature, probability[0] + 1e-5f), 0.0f);
    }
}

TEST(BernoulliHead, NeedsOneLogitPerChannel) {
  EXPECT_EQ(make_output_head({}, 1)->logit_channels(), 1);
  EXPECT_EQ(make_output_head({}, 3)->logit_channels(), 3);
}

TEST(BernoulliHead, GivesTheNatsOfEachPixel) {
  testing::Random random(7);
  for (const int channels : {1, 3}) {
    const BernoulliHead head(channels);
    testing::expect_nats_of_pixels(head, 40, testing::random_case(random, head, channels, 40, 5.0f));
  }
}

}  // namespace
}  // namespace pcnn

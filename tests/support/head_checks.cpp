#include "tests/support/head_checks.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pcnn::testing {
namespace {

std::vector<float> probabilities(const OutputHead& head, const Conditional& dimension, float temperature) {
  std::vector<float> values(static_cast<std::size_t>(head.probability_count()));
  head.probabilities(dimension, temperature, values);
  if (values.size() == 1) values.insert(values.begin(), 1.0f - values[0]);  // binary: of the value 1 alone
  return values;
}

}  // namespace

HeadCase random_case(Random& random, const OutputHead& head, int image_channels, int area, float spread) {
  HeadCase image;
  for (int i = 0; i < head.logit_channels() * area; ++i) image.logits.push_back(spread * random.normal());
  for (int i = 0; i < image_channels * area; ++i)
    image.targets.push_back(head.value(random.between(0, head.levels() - 1)));
  return image;
}

void expect_nats_of_probabilities(const OutputHead& head, int image_channels, int area, const HeadCase& image,
                                  double tolerance) {
  const int groups = head.channel_groups(), maps = head.logit_channels() / groups,
            of_group = image_channels / groups;
  double sum = 0.0;
  for (int pixel = 0; pixel < area; ++pixel)
    for (int group = 0; group < groups; ++group) {
      std::vector<float> logits, values;
      for (int map = group * maps; map < (group + 1) * maps; ++map)
        logits.push_back(image.logits[static_cast<std::size_t>(map * area + pixel)]);
      for (int channel = 0; channel < of_group; ++channel) {
        const std::vector<float> distribution =
            probabilities(head, {.logits = logits, .channel = channel, .earlier = values}, 1.0f);
        double total = 0.0;
        for (const float probability : distribution) total += probability;
        EXPECT_NEAR(total, 1.0, 1e-5) << "pixel " << pixel << ", channel " << channel;
        values.push_back(
            image.targets[static_cast<std::size_t>((group * of_group + channel) * area + pixel)]);
        sum -= std::log(double{distribution[static_cast<std::size_t>(head.level(values.back()))]});
      }
    }
  EXPECT_NEAR(head.nats(image.logits, image.targets, {}), sum, tolerance * std::abs(sum));
}

void expect_nats_of_pixels(const OutputHead& head, int area, const HeadCase& image) {
  std::vector<float> nats(static_cast<std::size_t>(area), NAN);
  head.pixel_nats(image.logits, image.targets, nats);
  const auto at = [&](const std::vector<float>& maps, int pixel) {
    std::vector<float> values;
    for (std::size_t i = static_cast<std::size_t>(pixel); i < maps.size(); i += nats.size())
      values.push_back(maps[i]);
    return values;
  };
  double sum = 0.0;
  for (int pixel = 0; pixel < area; ++pixel) {
    const double alone = head.nats(at(image.logits, pixel), at(image.targets, pixel), {});
    const double value = nats[static_cast<std::size_t>(pixel)];
    EXPECT_NEAR(value, alone, 1e-6 * std::abs(alone)) << "pixel " << pixel;  // rounded to float
    sum += value;
  }
  const double whole = head.nats(image.logits, image.targets, {});
  EXPECT_NEAR(sum, whole, 1e-6 * std::abs(whole));
}

void expect_slopes(const OutputHead& head, const HeadCase& image, float step, double tolerance) {
  std::vector<float> diff(image.logits.size(), NAN);
  EXPECT_EQ(head.nats(image.logits, image.targets, diff), head.nats(image.logits, image.targets, {}));
  for (std::size_t i = 0; i < diff.size(); ++i) {
    std::vector<float> up = image.logits, down = image.logits;
    up[i] += step;
    down[i] -= step;
    const double slope = (head.nats(up, image.targets, {}) - head.nats(down, image.targets, {})) /
                         (double{up[i]} - double{down[i]});
    EXPECT_NEAR(diff[i], slope, tolerance) << "logit " << i;
  }
}

void expect_draws_follow(const OutputHead& head, const Conditional& dimension, float temperature) {
  constexpr int kDraws = 20000;
  const std::vector<float> distribution = probabilities(head, dimension, temperature);
  std::vector<int> counts(distribution.size(), 0);
  for (int i = 0; i < kDraws; ++i)
    ++counts[static_cast<std::size_t>(
        head.level(head.draw(dimension, temperature, (static_cast<float>(i) + 0.5f) / kDraws)))];
  // An interval of length p holds p times the draws, but for one at either end and for rounding.
  for (std::size_t level = 0; level < counts.size(); ++level)
    EXPECT_NEAR(counts[level], kDraws * double{distribution[level]}, 2.0) << "level " << level;
}

void expect_nan_shows(const OutputHead& head, const HeadCase& image) {
  for (std::size_t i = 0; i < image.logits.size(); ++i) {
    std::vector<float> logits = image.logits;
    logits[i] = NAN;
    EXPECT_TRUE(std::isnan(head.nats(logits, image.targets, {}))) << "logit " << i;
  }
}

}  // namespace pcnn::testing

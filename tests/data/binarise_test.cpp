#include "engine/data/binarise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace pcnn {
namespace {

using enum BinarisationKind;

// Image i has id ids[i]; each holds `values`.
ImageSet images_of(const std::vector<std::uint8_t>& values, const std::vector<std::uint32_t>& ids) {
  ImageSet images{.name = "made up",
                  .count = static_cast<int>(ids.size()),
                  .channels = 1,
                  .height = 1,
                  .width = static_cast<int>(values.size()),
                  .pixels = {},
                  .ids = ids};
  for (std::size_t i = 0; i < ids.size(); ++i)
    images.pixels.insert(images.pixels.end(), values.begin(), values.end());
  return images;
}

ImageSet every_value() {
  std::vector<std::uint8_t> values(256);
  std::iota(values.begin(), values.end(), std::uint8_t{0});
  return images_of(values, {0});
}

std::vector<float> binarised(const BinarisationConfig& config, const ImageSet& images, int image, int epoch) {
  std::vector<float> dst(images.image_size(), -1.0f);
  Binariser(config).encode(images, image, epoch, dst);
  return dst;
}

std::vector<float> evaluated(const BinarisationConfig& config, const ImageSet& images, int image) {
  std::vector<float> dst(images.image_size(), -1.0f);
  Binariser(config).encode_for_evaluation(images, image, dst);
  return dst;
}

// The smallest value that becomes 1; every larger one must too.
int least_one(double threshold) {
  const std::vector<float> dst = binarised({.threshold = threshold}, every_value(), 0, 0);
  const auto first = std::find(dst.begin(), dst.end(), 1.0f);
  EXPECT_TRUE(std::all_of(dst.begin(), first, [](float value) { return value == 0.0f; }));
  EXPECT_TRUE(std::all_of(first, dst.end(), [](float value) { return value == 1.0f; }));
  return static_cast<int>(first - dst.begin());
}

TEST(Threshold, HalfMeans128AndAbove) {
  EXPECT_EQ(least_one(0.5), 128);
}

TEST(Threshold, ReachesBothEnds) {
  EXPECT_EQ(least_one(0.0), 0);
  EXPECT_EQ(least_one(1.0), 255);
  EXPECT_EQ(least_one(std::nextafter(0.0, 1.0)), 1);
  EXPECT_EQ(least_one(std::nextafter(1.0, 0.0)), 255);
}

// Every value of an image of two is handed on, whatever the epoch.
TEST(Binariser, HandsOnStoredBits) {
  ImageSet bits = images_of({0, 1, 1, 0, 1}, {4});
  bits.values = 2;
  const std::vector<float> expected{0, 1, 1, 0, 1};
  EXPECT_EQ(evaluated({.kind = kStored}, bits, 0), expected);
  EXPECT_EQ(binarised({.kind = kStored}, bits, 0, 3), expected);
  EXPECT_EQ(Binariser({.kind = kStored}).describe(), "binary as stored");
}

// A threshold that is a value over 255 takes that value, as a decimal or as a quotient.
TEST(Threshold, TakesTheValueItNames) {
  for (int value = 0; value <= 255; ++value) EXPECT_EQ(least_one(value / 255.0), value);
  EXPECT_EQ(least_one(0.2), 51);
  EXPECT_EQ(least_one(0.4), 102);
  EXPECT_EQ(least_one(0.6), 153);
  EXPECT_EQ(least_one(0.8), 204);
}

TEST(Threshold, IsTheSameInEveryEpochAndForEvaluation) {
  const ImageSet images = every_value();
  EXPECT_EQ(binarised({}, images, 0, 0), binarised({}, images, 0, 9));
  EXPECT_EQ(binarised({}, images, 0, 0), evaluated({}, images, 0));
}

TEST(Bernoulli, NeverLightsBlackNorDarkensWhite) {
  const ImageSet black = images_of(std::vector<std::uint8_t>(10000, 0), {0});
  const ImageSet white = images_of(std::vector<std::uint8_t>(10000, 255), {0});
  EXPECT_EQ(evaluated({.kind = kBernoulliFixed}, black, 0), std::vector<float>(10000, 0.0f));
  EXPECT_EQ(evaluated({.kind = kBernoulliFixed}, white, 0), std::vector<float>(10000, 1.0f));
}

// The mean over N draws lies within five standard deviations, sqrt(p (1 - p) / N), of value / 255.
TEST(Bernoulli, MeanIsValueOver255) {
  constexpr std::size_t kDraws = 100000;
  for (const int value : {1, 64, 127, 128, 200, 254}) {
    const ImageSet images =
        images_of(std::vector<std::uint8_t>(kDraws, static_cast<std::uint8_t>(value)), {3});
    const std::vector<float> dst = binarised({.kind = kBernoulliPerEpoch, .seed = 11}, images, 0, 2);
    const double mean = std::accumulate(dst.begin(), dst.end(), 0.0) / kDraws;
    const double p = value / 255.0;
    EXPECT_NEAR(mean, p, 5.0 * std::sqrt(p * (1.0 - p) / kDraws)) << value;
  }
}

// Two draws of the same mid-grey pixels differ in half of them, as independent ones do: within five standard
// deviations of a binomial.
void expect_independent(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  int differing = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differing += a[i] != b[i];
  const auto count = static_cast<double>(a.size());
  EXPECT_NEAR(differing, 0.5 * count, 5.0 * std::sqrt(0.25 * count));
}

TEST(Bernoulli, FixedNeverChangesAndPerEpochDoes) {
  const ImageSet grey = images_of(std::vector<std::uint8_t>(400, 128), {5});
  const BinarisationConfig fixed{.kind = kBernoulliFixed}, anew{.kind = kBernoulliPerEpoch};
  EXPECT_EQ(binarised(fixed, grey, 0, 0), binarised(fixed, grey, 0, 7));
  EXPECT_EQ(binarised(anew, grey, 0, 7), binarised(anew, grey, 0, 7));
  expect_independent(binarised(anew, grey, 0, 0), binarised(anew, grey, 0, 1));
}

TEST(Bernoulli, EvaluationUsesTheFixedDrawAndNoEpochTrainsOnIt) {
  const ImageSet grey = images_of(std::vector<std::uint8_t>(400, 128), {5});
  const BinarisationConfig fixed{.kind = kBernoulliFixed}, anew{.kind = kBernoulliPerEpoch};
  EXPECT_EQ(evaluated(anew, grey, 0), evaluated(fixed, grey, 0));
  EXPECT_EQ(evaluated(fixed, grey, 0), binarised(fixed, grey, 0, 3));
  for (const int epoch : {0, 1, 2})
    expect_independent(binarised(anew, grey, 0, epoch), evaluated(anew, grey, 0));
}

TEST(Bernoulli, NumbersFollowTheIdNotThePosition) {
  const std::vector<std::uint8_t> values(400, 128);
  const ImageSet images = images_of(values, {3, 4, 3 | ImageSet::kTestId});
  const ImageSet other_order = images_of(values, {4, 3});
  const BinarisationConfig config{.kind = kBernoulliFixed};
  EXPECT_EQ(evaluated(config, images, 0), evaluated(config, other_order, 1));
  expect_independent(evaluated(config, images, 0), evaluated(config, images, 1));
  expect_independent(evaluated(config, images, 0), evaluated(config, images, 2));  // nor with a test image
}

TEST(Bernoulli, DependsOnTheSeed) {
  const ImageSet grey = images_of(std::vector<std::uint8_t>(400, 128), {5});
  expect_independent(evaluated({.kind = kBernoulliFixed, .seed = 1}, grey, 0),
                     evaluated({.kind = kBernoulliFixed, .seed = 2}, grey, 0));
}

TEST(Binariser, SaysWhatItDoes) {
  const Binariser threshold({}), fixed({.kind = kBernoulliFixed}),
      anew({.kind = kBernoulliPerEpoch, .seed = 7});
  EXPECT_EQ(threshold.describe(), "threshold: value / 255 >= 0.5");
  EXPECT_EQ(fixed.describe(), "Bernoulli, drawn once with seed 1");
  EXPECT_EQ(anew.describe(),
            "Bernoulli, drawn anew in each epoch of training and once for scores, with seed 7");
}

}  // namespace
}  // namespace pcnn

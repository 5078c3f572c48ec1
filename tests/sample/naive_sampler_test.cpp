#include "engine/sample/naive_sampler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "engine/train/scorer.h"

namespace pcnn {
namespace {

Network small_network(int height, int width) {
  ModelConfig config;
  config.activation = Activation::kTanh;
  config.input_kernel = {3, 3};
  config.input_filters = 6;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 5}}};
  config.output_filters = {4};
  return build_network(config, 1, height, width);
}

// Weights large enough for pixels to depend on each other.
std::vector<float> strong_parameters(const Network& network) {
  std::vector<float> parameters = initial_parameters(network, Initialisation::kGlorotNormal, 11);
  for (float& value : parameters) value *= 2.5f;
  return parameters;
}

TEST(NaiveSampler, DrawsAChainTheSameWhateverTheThreadsAndTheOtherChains) {
  const Network network = small_network(5, 4);
  const auto head = make_output_head(HeadKind::kBernoulli);
  const std::vector<float> parameters = strong_parameters(network);
  const std::vector<float> six = sample_naively(network, *head, parameters, 6, 7, Workers(2));
  EXPECT_EQ(six, sample_naively(network, *head, parameters, 6, 7, Workers(1)));
  const std::vector<float> two = sample_naively(network, *head, parameters, 2, 7, Workers(2));
  EXPECT_EQ(two, std::vector<float>(six.begin(), six.begin() + 40));
  EXPECT_NE(six, sample_naively(network, *head, parameters, 6, 8, Workers(2)));
  for (const float value : six) EXPECT_TRUE(value == 0.0f || value == 1.0f);
}

// All 64 images of 2x3 pixels: their probabilities sum to one, and samples follow them.
TEST(NaiveSampler, FollowsTheModelsDistribution) {
  constexpr int kPixels = 6, kStates = 1 << kPixels, kSamples = 20000;
  const Network network = small_network(2, 3);
  const auto head = make_output_head(HeadKind::kBernoulli);
  const std::vector<float> parameters = strong_parameters(network);
  const Workers workers(2);
  const std::vector<double> nats =
      Scorer(network, *head, 4, workers).nats(parameters, kStates, [](int state, std::span<float> image) {
        for (int pixel = 0; pixel < kPixels; ++pixel)
          image[static_cast<std::size_t>(pixel)] = static_cast<float>(state >> pixel & 1);
      });
  double total = 0.0;
  for (const double value : nats) total += std::exp(-value);
  EXPECT_NEAR(total, 1.0, 1e-5);

  const std::vector<float> samples = sample_naively(network, *head, parameters, kSamples, 21, workers);
  std::vector<int> counts(kStates, 0);
  for (int sample = 0; sample < kSamples; ++sample) {
    int state = 0;
    for (int pixel = 0; pixel < kPixels; ++pixel)
      state |= static_cast<int>(samples[static_cast<std::size_t>(sample * kPixels + pixel)]) << pixel;
    ++counts[static_cast<std::size_t>(state)];
  }
  // Pearson's chi-square, states expected fewer than five times pooled; mean = degrees, variance = 2 degrees.
  double chi_square = 0.0, pooled_expected = 0.0, pooled_count = 0.0;
  int cells = 0;
  for (std::size_t state = 0; state < kStates; ++state) {
    const double expected = kSamples * std::exp(-nats[state]);
    if (expected < 5.0) {
      pooled_expected += expected;
      pooled_count += counts[state];
    } else {
      chi_square += (counts[state] - expected) * (counts[state] - expected) / expected;
      ++cells;
    }
  }
  if (pooled_expected > 0.0) {
    chi_square += (pooled_count - pooled_expected) * (pooled_count - pooled_expected) / pooled_expected;
    ++cells;
  }
  ASSERT_GT(cells, 8);
  EXPECT_LT(chi_square, cells - 1 + 5 * std::sqrt(2.0 * (cells - 1)));  // five standard deviations
}

}  // namespace
}  // namespace pcnn

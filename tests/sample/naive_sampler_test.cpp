#include "engine/sample/naive_sampler.h"

#include <gtest/gtest.h>

#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "tests/support/chi_square.h"
#include "tests/support/networks.h"
#include "tests/support/states.h"

namespace pcnn {
namespace {

// Weights large enough for pixels to depend on each other.
std::vector<float> strong_parameters(const Network& network) {
  std::vector<float> parameters = initial_parameters(network, Initialisation::kGlorotNormal, 11);
  for (float& value : parameters) value *= 2.5f;
  return parameters;
}

TEST(NaiveSampler, DrawsAChainTheSameWhateverTheThreadsAndTheOtherChains) {
  const Network network = testing::small_network(5, 4);
  const auto head = make_output_head({});
  const std::vector<float> parameters = strong_parameters(network);
  const std::vector<float> six =
      sample_naively(network, *head, parameters, {.chains = 6, .seed = 7}, Workers(2)).images;
  EXPECT_EQ(six, sample_naively(network, *head, parameters, {.chains = 6, .seed = 7}, Workers(1)).images);
  const std::vector<float> two =
      sample_naively(network, *head, parameters, {.chains = 2, .seed = 7}, Workers(2)).images;
  EXPECT_EQ(two, std::vector<float>(six.begin(), six.begin() + 40));
  EXPECT_NE(six, sample_naively(network, *head, parameters, {.chains = 6, .seed = 8}, Workers(2)).images);
  for (const float value : six) EXPECT_TRUE(value == 0.0f || value == 1.0f);
}

TEST(NaiveSampler, FollowsTheModelsDistribution) {
  constexpr int kSamples = 20000;
  const Network network = testing::small_network(2, 3);
  const auto head = make_output_head({});
  const std::vector<float> parameters = strong_parameters(network);
  const SampleRequest request{.chains = kSamples, .seed = 21};
  const std::vector<float> samples = sample_naively(network, *head, parameters, request, Workers(2)).images;
  testing::expect_counts_follow(testing::count_states(network, *head, samples),
                                testing::state_probabilities(network, *head, parameters));
}

}  // namespace
}  // namespace pcnn

#include "tests/support/states.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/train/scorer.h"

namespace pcnn::testing {

std::vector<double> state_probabilities(const Network& network, std::span<const float> parameters) {
  const auto head = make_output_head({});
  const Workers workers(2);
  const int pixels = static_cast<int>(network.shape(0, 1).size());
  const auto draw_state = [&](int state, std::span<float> image) {
    for (std::size_t pixel = 0; pixel < image.size(); ++pixel)
      image[pixel] = static_cast<float>(state >> pixel & 1);
  };
  std::vector<double> probabilities;
  double total = 0.0;
  for (const double nats : Scorer(network, *head, 4, workers).nats(parameters, 1 << pixels, draw_state))
    total += probabilities.emplace_back(std::exp(-nats));
  EXPECT_NEAR(total, 1.0, 1e-5);
  return probabilities;
}

std::vector<int> count_states(std::span<const float> samples, int pixels) {
  std::vector<int> counts(std::size_t{1} << pixels, 0);
  for (; !samples.empty(); samples = samples.subspan(static_cast<std::size_t>(pixels))) {
    std::size_t state = 0;
    for (int pixel = 0; pixel < pixels; ++pixel)
      state |= static_cast<std::size_t>(samples[static_cast<std::size_t>(pixel)]) << pixel;
    ++counts[state];
  }
  return counts;
}

}  // namespace pcnn::testing

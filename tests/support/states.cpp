#include "tests/support/states.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/train/scorer.h"

namespace pcnn::testing {

int state_count(const Network& network, const OutputHead& head) {
  int states = 1;
  for (std::size_t i = 0; i < network.shape(0, 1).size(); ++i) states *= head.levels();
  return states;
}

std::vector<double> state_probabilities(const Network& network, const OutputHead& head,
                                        std::span<const float> parameters, int of_class) {
  const Workers workers(2);
  const auto draw_state = [&](int state, std::span<float> image) {
    for (float& value : image) {
      value = head.value(state % head.levels());
      state /= head.levels();
    }
  };
  const int states = state_count(network, head);
  GivenBatch given(network, static_cast<std::size_t>(states));
  std::ranges::fill(given.classes, of_class);
  std::vector<double> probabilities;
  double total = 0.0;
  for (const double nats :
       Scorer(network, head, 4, workers).nats(parameters, states, draw_state, given.view()))
    total += probabilities.emplace_back(std::exp(-nats));
  EXPECT_NEAR(total, 1.0, 1e-5);
  return probabilities;
}

std::vector<int> count_states(const Network& network, const OutputHead& head,
                              std::span<const float> samples) {
  const std::size_t dims = network.shape(0, 1).size();
  std::vector<int> counts(static_cast<std::size_t>(state_count(network, head)), 0);
  for (; !samples.empty(); samples = samples.subspan(dims)) {
    int state = 0;
    for (std::size_t i = dims; i-- > 0;) state = state * head.levels() + head.level(samples[i]);
    ++counts[static_cast<std::size_t>(state)];
  }
  return counts;
}

}  // namespace pcnn::testing

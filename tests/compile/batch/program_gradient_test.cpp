// Gradients against differences of the loss: of the plain-loop reference, parameter by parameter, and of the
// program's own f32 loss, along random directions.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/support/compiled.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

template <typename A, typename B>
double dot(const std::vector<A>& a, const std::vector<B>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

class EveryGradient : public ::testing::TestWithParam<Activation> {};
INSTANTIATE_TEST_SUITE_P(Program, EveryGradient,
                         ::testing::Values(Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,
                                           Activation::kTanh, Activation::kSigmoid));

Condition condition_for(std::uint64_t seed) {
  if (seed % 3 == 0) return {.classes = 2};
  if (seed % 3 == 1) return {.vector = seed % 2 ? 3 : 0};
  return {.maps = 2, .kernel_height = 3, .kernel_width = 5};
}

// The reference itself has to be right before anything is held against it.
TEST_P(EveryGradient, OfTheReferenceIsTheSlopeOfItsLossInEveryParameterAndPixel) {
  constexpr double kStep = 1e-6;
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    testing::Random random(100 * static_cast<std::uint64_t>(GetParam()) + seed);
    const Network network = testing::random_network(random, GetParam(),
                                                    {.kernel = 3,
                                                     .side = 6,
                                                     .channels = 4,
                                                     .stages = 3,
                                                     .condition = condition_for(seed),
                                                     .dropout = seed % 4 == 0 ? 0.3 : 0.0});
    const DropoutKey dropout{.key = {7, 8}};
    SCOPED_TRACE(testing::describe(network));
    GivenBatch given;
    std::vector<double> parameters, pixels;
    testing::ReferenceForward forward;
    do {  // no relu may switch within a step
      given = testing::random_given(random, network, 1);
      parameters = testing::widened(testing::random_parameters(random, network));
      pixels = testing::widened(testing::random_images(random, network, 1));
      forward = testing::reference_forward(network, 1, parameters, pixels, given.view(), dropout);
    } while (testing::distance_to_kink(network, forward) < 1e-4);
    const std::vector<double> diff_logits = testing::widened(testing::random_images(random, network, 1));
    const testing::ReferenceGradients gradients =
        testing::reference_backward(network, 1, parameters, forward, diff_logits, given.view());

    const auto slope = [&](double& value) {
      const auto loss_at = [&](double at) {
        value = at;
        return dot(diff_logits,
                   testing::reference_forward(network, 1, parameters, pixels, given.view(), dropout)
                       .nodes[static_cast<std::size_t>(network.logits)]);
      };
      const double middle = value, up = loss_at(middle + kStep), down = loss_at(middle - kStep);
      value = middle;
      return (up - down) / (2 * kStep);
    };
    // Rounding: 1e-16 of a loss of some tens, over 2e-6; curvature: step^2.
    constexpr double kTolerance = 1e-7;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      ASSERT_NEAR(gradients.parameters[i], slope(parameters[i]), kTolerance) << "parameter " << i;
    for (std::size_t i = 0; i < pixels.size(); ++i)
      ASSERT_NEAR(gradients.pixels[i], slope(pixels[i]), kTolerance) << "pixel " << i;
  }
}

TEST_P(EveryGradient, OfTheProgramIsTheSlopeOfItsOwnLoss) {
  constexpr double kStep = 0x1.0p-15;
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    testing::Random random(5000 + 100 * static_cast<std::uint64_t>(GetParam()) + seed);
    const Network network = testing::random_network(
        random, GetParam(),
        {.kernel = 5, .side = 8, .condition = condition_for(seed), .dropout = seed % 4 == 0 ? 0.3 : 0.0});
    const DropoutKey dropout{.key = {9, 10}, .first_image = 4};
    const GivenBatch given = testing::random_given(random, network, 2);
    SCOPED_TRACE(testing::describe(network));
    std::vector<float> parameters = testing::random_parameters(random, network);
    zero_dead_weights(network, parameters);
    const std::vector<float> pixels = testing::random_images(random, network, 2);
    const std::vector<float> diff_logits = testing::random_images(random, network, 2);
    testing::Compiled compiled(network, 2, parameters);
    const std::vector<float> logits = compiled.forward(pixels, given.view(), dropout);
    const std::vector<float> gradients = compiled.backward(diff_logits);
    double rounding = 0.0;  // what f32 logits leave of the loss, half a unit in the last place of each
    for (std::size_t i = 0; i < logits.size(); ++i)
      rounding += 0x1.0p-24 * std::abs(double{diff_logits[i]} * double{logits[i]});

    // Along the gradient, where the slope is its length, and along random directions of the same length.
    std::vector<float> direction = gradients;
    const double length = std::sqrt(dot(gradients, gradients));
    for (int round = 0; round < 3; ++round) {
      const double scale = kStep / std::sqrt(dot(direction, direction));
      const auto moved = [&](double sign) {
        std::vector<float> result = parameters;
        for (std::size_t i = 0; i < result.size(); ++i)
          result[i] += static_cast<float>(sign * scale) * direction[i];
        return result;
      };
      const auto loss_at = [&](const std::vector<float>& moved_parameters) {
        compiled.program().pack(moved_parameters, compiled.packed());
        return dot(diff_logits, compiled.forward(pixels, given.view(), dropout));
      };
      const std::vector<float> up = moved(1.0), down = moved(-1.0);
      const double expected = dot(gradients, up) - dot(gradients, down);
      // Of the loss's change along the gradient, one in a hundred: curvature and a relu that switches cost
      // about the step, rounding of what the f32 logits are summed from some units of their own.
      EXPECT_NEAR(loss_at(up) - loss_at(down), expected, 0.01 * 2.0 * kStep * length + 4.0 * rounding);
      for (float& value : direction) value = random.normal();
      zero_dead_weights(network, direction);
    }
  }
}

}  // namespace
}  // namespace pcnn

#include "tests/support/agreement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/support/compiled.h"

namespace pcnn::testing {
namespace {

// f32 sums of up to 820 products carry some 1e-6 of their scale per layer, and oneDNN's vectorised exp and
// tanh as much again; a wrong tap, pad or channel is of the order of one.
constexpr double kForwardTolerance = 1e-5;
constexpr double kBackwardTolerance = 1e-4;

double largest(std::span<const double> values) {
  double result = 0.0;
  for (const double value : values) result = std::max(result, std::abs(value));
  return result;
}

// The largest error in units of the largest exact value (or of `floor`, where that is more).
double relative_error(std::span<const float> values, std::span<const double> exact, double floor) {
  EXPECT_EQ(values.size(), exact.size());
  double error = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double off = std::abs(values[i] - exact[i]);
    error = std::isfinite(off) ? std::max(error, off) : INFINITY;
  }
  return error > 0.0 ? error / std::max(floor, largest(exact)) : 0.0;
}

bool has_dropout(const Network& network) {
  return std::ranges::any_of(network.nodes,
                             [](const Node& node) { return std::holds_alternative<DropoutOp>(node.op); });
}

bool attends(const Network& network) {
  return std::ranges::any_of(network.nodes,
                             [](const Node& node) { return std::holds_alternative<AttentionOp>(node.op); });
}

}  // namespace

Case random_case(Random& random, Network network, int images) {
  Case result;
  result.network = std::move(network);
  result.images = images;
  result.parameters = random_parameters(random, result.network);
  result.dropout = {.key = {1, static_cast<std::uint32_t>(images)}, .first_image = 3};
  do {
    result.given = random_given(random, result.network, images);
    result.pixels = random_images(random, result.network, images);
    result.forward = reference_forward(result.network, images, widened(result.parameters),
                                       widened(result.pixels), result.given.view(), result.dropout);
  } while (distance_to_kink(result.network, result.forward) < 3e-6);
  result.diff_logits.resize(result.network.shape(result.network.logits, images).size());
  for (float& value : result.diff_logits) value = random.normal();
  return result;
}

void expect_agreement(const Case& c, const CompileOptions& options) {
  SCOPED_TRACE(std::to_string(c.images) + " images, " + describe(c.network));
  Compiled training(c.network, c.images, c.parameters, Purpose::kTraining, options);
  Compiled scoring(c.network, c.images, c.parameters, Purpose::kInference, options);
  const Values& exact_logits = c.forward.nodes[static_cast<std::size_t>(c.network.logits)];
  EXPECT_LT(relative_error(training.forward(c.pixels, c.given.view(), c.dropout), exact_logits, 1.0),
            kForwardTolerance);
  const Values scored = has_dropout(c.network) ? reference_forward(c.network, c.images, widened(c.parameters),
                                                                   widened(c.pixels), c.given.view())
                                                     .nodes[static_cast<std::size_t>(c.network.logits)]
                                               : exact_logits;
  EXPECT_LT(relative_error(scoring.forward(c.pixels, c.given.view()), scored, 1.0), kForwardTolerance);

  const std::vector<float> gradients = training.backward(c.diff_logits);
  const Values exact = reference_backward(c.network, c.images, widened(c.parameters), c.forward,
                                          widened(c.diff_logits), c.given.view())
                           .parameters;
  const double least = attends(c.network) ? 1e-3 : 0.0;
  for (const Parameter& parameter : c.network.parameters)
    // Sums that cancel are held to a hundredth of the largest gradient, and where all do, as those of what an
    // attention adds to every key alike, to what is lost of summands of the order of one.
    EXPECT_LT(relative_error(std::span(gradients).subspan(parameter.offset, parameter.size),
                             std::span(exact).subspan(parameter.offset, parameter.size),
                             std::max(0.01 * largest(exact), least)),
              kBackwardTolerance)
        << parameter.name;
  for (const Parameter& parameter : c.network.parameters) {
    if (!parameter.is_kernel) continue;
    for (std::size_t i = 0; i < parameter.size; ++i)
      ASSERT_TRUE(may_read(parameter, i) || gradients[parameter.offset + i] == 0.0f)
          << parameter.name << " " << i;
  }
}

}  // namespace pcnn::testing

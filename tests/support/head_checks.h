#pragma once

// What holds for every output head, whatever its formula.

#include <vector>

#include "engine/model/output_head.h"
#include "tests/support/random.h"

namespace pcnn::testing {

// One image for a head: logits and targets of `area` pixels.
struct HeadCase {
  std::vector<float> logits;   // [logit channel][pixel], normals times `spread`
  std::vector<float> targets;  // [channel][pixel], random levels
};
HeadCase random_case(Random& random, const OutputHead& head, int image_channels, int area, float spread);

// The nats of an image are those of the conditional probabilities, dimension by dimension in their order.
void expect_nats_of_probabilities(const OutputHead& head, int image_channels, int area, const HeadCase& image,
                                  double tolerance);

// The nats of each pixel are those of an image of that pixel alone, and add up to those of the image.
void expect_nats_of_pixels(const OutputHead& head, int area, const HeadCase& image);

// diff_logits are the slopes of nats(), by central differences of this step.
void expect_slopes(const OutputHead& head, const HeadCase& image, float step, double tolerance);

// Draws at a grid of uniform numbers come as often as the probabilities say.
void expect_draws_follow(const OutputHead& head, const Conditional& dimension, float temperature);

// A logit that is not a number, wherever it is, makes nats that are none: or training would go on with it.
void expect_nan_shows(const OutputHead& head, const HeadCase& image);

}  // namespace pcnn::testing

#pragma once

// Where numbers that are not finite come from: asked once training has met one, so it may take its time.

#include <span>
#include <string>

#include "engine/model/network.h"
#include "engine/train/batch_gradient.h"

namespace pcnn {

// The first parameter that holds such a number: "parameter 'input.bias'", or "".
[[nodiscard]] std::string non_finite_parameter(const Network& network, std::span<const float> parameters);

// The first op, in order of computation, that makes such a number of finite ones, on any of the images; a
// parameter that is none where there is one. "" where all are finite. given: of each image.
[[nodiscard]] std::string non_finite_value(const Network& network, std::span<const float> parameters,
                                           std::size_t images, const FillImage& fill,
                                           const Given& given = {});

// The last op whose parameters have such a gradient: gradients flow from the logits back.
[[nodiscard]] std::string non_finite_gradient(const Network& network, std::span<const float> gradients);

}  // namespace pcnn

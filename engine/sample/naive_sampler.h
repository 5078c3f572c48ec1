#pragma once

// The textbook sampler: one forward pass of the whole canvas for every pixel. The reference others are
// checked against.
//
//     1 1 1 1 1      1 drawn already
//     1 1 x 0 0      x drawn next, from the logits at x
//     0 0 0 0 0      0 not drawn yet; the masks see to it that these do not matter

#include <span>

#include "engine/core/parallel.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/sample/sampling.h"

namespace pcnn {

// Images of the network's size, one chain per task.
[[nodiscard]] Samples sample_naively(const Network& network, const OutputHead& head,
                                     std::span<const float> parameters, const SampleRequest& request,
                                     const Workers& workers, Precision precision = Precision::kF32);

}  // namespace pcnn

#pragma once

// A network computed by plain loops in double precision, written from the definitions alone: its own rule of
// which pixels may be read, its own loops for every op and every derivative. What the compiled program
// computes is held against it.

#include <optional>
#include <span>
#include <vector>

#include "engine/compile/batch/program.h"
#include "engine/model/given.h"
#include "engine/model/network.h"

namespace pcnn::testing {

using Values = std::vector<double>;

// May a feature of a masked layer read its source at a tap that lies so many kernel rows below and columns
// beside the centre? By raster order; for one channel group.
bool may_read(MaskType mask, int down, int right);

// The same for weight `index` of an OIHW kernel, by raster order and, inside a pixel, the order of the
// channel groups.
bool may_read(const Parameter& kernel, std::size_t index);

struct ReferenceForward {
  std::vector<Values> nodes;  // value of every node, NCHW
  std::optional<DropoutKey> dropout;
};

// parameters: flat buffer in parameter order; dead weights there are ignored. images: NCHW.
// given: of each image. dropout: of a pass in training; none: nothing is dropped.
ReferenceForward reference_forward(const Network& network, int images, std::span<const double> parameters,
                                   std::span<const double> pixels, const Given& given = {},
                                   const std::optional<DropoutKey>& dropout = {});

struct ReferenceGradients {
  Values parameters;  // dead weights zero
  Values pixels;
};

// Derivatives of sum(diff_logits * logits).
ReferenceGradients reference_backward(const Network& network, int images, std::span<const double> parameters,
                                      const ReferenceForward& forward, std::span<const double> diff_logits,
                                      const Given& given = {});

}  // namespace pcnn::testing

#pragma once

#include <vector>

#include "engine/compile/batch/program.h"
#include "tests/support/networks.h"

namespace pcnn::testing {

// Everything one pass forward and backward needs, with the exact values of every node.
struct Case {
  Network network;
  int images = 1;
  std::vector<float> parameters, pixels, diff_logits;
  GivenBatch given;
  DropoutKey dropout;
  ReferenceForward forward;  // in training
};

// Random numbers for this network, drawn again while any relu is too near its kink for f32 to be on the
// reference's side.
Case random_case(Random& random, Network network, int images);

// Compiles the network for training and for scoring; fails the test where logits or gradients are not the
// reference's.
void expect_agreement(const Case& c, const CompileOptions& options = {});

}  // namespace pcnn::testing

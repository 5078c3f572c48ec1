#pragma once

// An LSTM over the pixels of an image, computed one value at a time in double precision from the definition.

#include <span>

#include "engine/model/network.h"
#include "tests/support/reference_network.h"

namespace pcnn::testing {

// NCHW, of the pixels as the LSTM goes through them, not moved down.
struct ReferenceLstm {
  Values input, forget, candidate, output;  // gates
  Values cell, hidden;
};

// src: of the node that it reads.
ReferenceLstm reference_lstm(const Network& network, int node, const LstmOp& op, int images,
                             std::span<const double> parameters, const Values& src);
// `hidden`, moved down.
Values reference_lstm_result(const LstmOp& op, const Shape& shape, const Values& hidden);
// Adds to the gradients of the source and of the parameters.
void reference_lstm_backward(const Network& network, int node, const LstmOp& op, int images,
                             std::span<const double> parameters, const Values& src, const Values& diff,
                             Values& diff_src, Values& diff_parameters);

}  // namespace pcnn::testing

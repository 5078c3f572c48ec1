#pragma once

// What a compiled network computes, step by step: the one place where ops are joined. A convolution takes
// along the activation that alone reads it and, where nothing is differentiated, the sum that alone reads
// their result:
//
//     nodes   conv -> activation -> add <- skip        step   dst = activation(conv(src)) + skip
//
// Where a condition joins in between, it takes the activation along instead.
//
// A convolution that is computed exactly (MaskedConvOp::exact) is joined with nothing.
//
// Both compilers, batch/ and pixel/, turn these steps into what they run; neither joins ops
// again.

#include <optional>
#include <variant>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

// dst = activation(conv(src)) + skip.
struct ConvStep {
  MaskedConvOp op;
  std::vector<Tap> taps;  // of the op; weights are packed and read in this order
  std::optional<ActivationOp> activation;
  int skip = -1;                 // node; -1: nothing is added
  int conv = 0;                  // the convolution's own node, for names
  int before_sum = 0;            // the node whose value is activation(conv(src))
  int dst = 0;                   // the node whose value is the result
  Sight sight = Sight::kBefore;  // of dst, here and below
};

struct ActivationStep {
  ActivationOp op;
  int dst = 0;
  Sight sight = Sight::kBefore;
};

struct AddStep {
  AddOp op;
  int dst = 0;
  Sight sight = Sight::kBefore;
};

struct GateStep {
  GateOp op;
  int dst = 0;
  Sight sight = Sight::kBefore;
};

struct EmbeddingStep {
  EmbeddingOp op;
  int dst = 0;
  Sight sight = Sight::kItself;
};

// dst = activation(src + the vector of the image).
struct ConditionStep {
  ConditionOp op;
  std::optional<ActivationOp> activation;
  int condition = 0;  // the condition's own node, for names
  int dst = 0;        // the node whose value is the result
  Sight sight = Sight::kBefore;
};

// In training alone.
struct DropoutStep {
  DropoutOp op;
  int dst = 0;
  Sight sight = Sight::kBefore;
};

struct ConcatenationStep {
  ConcatenationOp op;
  int dst = 0;
  Sight sight = Sight::kBefore;
};

struct LstmStep {
  LstmOp op;
  int dst = 0;
  Sight sight = Sight::kBefore;
};

struct AttentionStep {
  AttentionOp op;
  int dst = 0;
  Sight sight = Sight::kBefore;
};

struct PositionsStep {
  PositionsOp op;
  int dst = 0;
  Sight sight = Sight::kGiven;
};

using Step = std::variant<ConvStep, ActivationStep, AddStep, GateStep, EmbeddingStep, ConditionStep,
                          DropoutStep, ConcatenationStep, LstmStep, AttentionStep, PositionsStep>;

// In an order in which they can run; every node but the image is the dst of one step or inside one. `sums`:
// convolutions take sums along. In training they must not: the backward pass reads what a sum would hide.
[[nodiscard]] std::vector<Step> fuse_steps(const Network& network, bool sums);

// What a step reads of other nodes, the node it writes, and that node's sight.
[[nodiscard]] std::vector<Reads> reads(const Step& step);
// Where it reads its own result, if at other pixels.
[[nodiscard]] std::vector<Tap> own_taps(const Step& step);
[[nodiscard]] int dst_of(const Step& step);
[[nodiscard]] Sight sight_of(const Step& step);

}  // namespace pcnn

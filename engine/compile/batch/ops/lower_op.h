#pragma once

#include "engine/compile/batch/plan.h"
#include "engine/compile/steps.h"

namespace pcnn {

// Where the taps of a convolution's kernel have their weights, and what they read.
[[nodiscard]] std::vector<KernelTap> kernel_taps(const ConvStep& step);
// Whether a convolution's source is given, and so lies in planes of few maps.
[[nodiscard]] bool is_given(const PlanBuilder& plan, const ConvStep& step);

// What the forward lowering of one op leaves for its backward.
struct LoweredConv {
  dnnl::convolution_forward::primitive_desc forward;
  StoredZeros zeros;  // that it reads its source with
  int src = 0;        // tensor, in the layout the value was stored in
};

// How a convolution's result is made.
struct FusedOps {
  int skip = -1;            // tensor that is added; -1: none
  bool f32_result = false;  // whatever the plan's precision
};

// The convolution with its activation, and the skip. Returns the tensor of the result, or -1 where a skip was
// asked for and no fast primitive takes it.
int lower_masked_conv(PlanBuilder& plan, const ConvStep& step, const FusedOps& fused, int src,
                      LoweredConv& lowered);
// Whether the plan's convolutions are by kernels of our own, between maps in blocks; if so, whether these
// take images, in planes; and whether the forward pass of this one is by them. In bf16 they give no f32, so
// that of logits is oneDNN's.
[[nodiscard]] bool computes_in_blocks(const PlanBuilder& plan);
[[nodiscard]] bool takes_planes(const PlanBuilder& plan);
[[nodiscard]] bool computes_forward_in_blocks(const PlanBuilder& plan, const ConvStep& step,
                                              const FusedOps& fused);
// lower_masked_conv() by our own.
[[nodiscard]] int lower_blocked_conv(PlanBuilder& plan, const ConvStep& step, const FusedOps& fused, int src,
                                     LoweredConv& lowered);
// What joins the gradient of a source where our own computes it.
struct FusedGradient {
  int added = -1;  // tensor: its gradient from others; -1: none
  // The one whose result the source is: its gradient becomes that of what this activation reads.
  std::optional<ActivationOp> derivative;
  int value = -1;  // the source's tensor, in blocks
};
[[nodiscard]] int lower_blocked_conv_backward_data(PlanBuilder& plan, const ConvStep& step,
                                                   const FusedGradient& fused, int diff_dst);
// The same where it is to be exact: in planes of f32, by a kernel of our own.
[[nodiscard]] int lower_exact_conv(PlanBuilder& plan, const ConvStep& step, int src, LoweredConv& lowered);
void lower_exact_conv_backward_weights(PlanBuilder& plan, const ConvStep& step, const LoweredConv& lowered,
                                       int diff_dst);
// Gradients of weight and bias into the caller's buffer. diff_dst: the gradient of what the convolution
// itself computes, before the activation.
void lower_masked_conv_backward_weights(PlanBuilder& plan, const ConvStep& step, const LoweredConv& lowered,
                                        int diff_dst);
// The gradient of the source.
[[nodiscard]] int lower_masked_conv_backward_data(PlanBuilder& plan, const ConvStep& step,
                                                  const LoweredConv& lowered, int diff_dst);

// dst = f(src), for an activation that could not be fused into the convolution before it.
[[nodiscard]] int lower_activation(PlanBuilder& plan, int node, const ActivationOp& op, int src);

// dst = tanh(first half) * sigmoid(second half) of `lowered.src`, which becomes a copy in a layout that
// halves can be told apart in, where it was not. Returns the tensor of the result.
[[nodiscard]] int lower_gate(PlanBuilder& plan, int node, LoweredGate& lowered);
// The gradient of the source. dst: the tensor of the gate's result.
[[nodiscard]] int lower_gate_backward(PlanBuilder& plan, int node, const LoweredGate& lowered, int dst,
                                      int diff_dst);

// Look-ups in the table, to f32 planes; the gradient of the table. src: the images.
[[nodiscard]] int lower_embedding(PlanBuilder& plan, const EmbeddingStep& step, int src);
void lower_embedding_backward(PlanBuilder& plan, const EmbeddingStep& step, int src, int diff_dst);

// dst = activation(src + the vector of the image).
[[nodiscard]] int lower_condition(PlanBuilder& plan, const ConditionStep& step, int src);
// The gradient of the table; diff_dst: of what the vectors were added in.
void lower_condition_backward_weights(PlanBuilder& plan, const ConditionStep& step, int diff_dst);
// src with the dropped values set to 0 and the others scaled: of the op's source, and of the gradient of its
// result. direction: "forward" or "backward data".
[[nodiscard]] int lower_dropout(PlanBuilder& plan, const DropoutStep& step, int src, const char* direction);

// The maps of both, and the gradients of those asked for: of a's maps and of b's; -1: it was not.
[[nodiscard]] int lower_concatenation(PlanBuilder& plan, const ConcatenationStep& step, int a, int b);
struct ConcatenatedParts {
  bool a = true;
  bool b = true;
};
struct ConcatenatedGradients {
  int a = -1;
  int b = -1;
};
[[nodiscard]] ConcatenatedGradients lower_concatenation_backward(PlanBuilder& plan,
                                                                 const ConcatenationStep& step,
                                                                 const ConcatenatedParts& asked,
                                                                 int diff_dst);

// Every query against what comes before it. The operands become copies in the layout that is read, where they
// were not. keeps: what the backward pass needs.
[[nodiscard]] int lower_attention(PlanBuilder& plan, const AttentionStep& step, LoweredAttention& lowered,
                                  bool keeps);
[[nodiscard]] PlanBuilder::AttentionDiffs lower_attention_backward(PlanBuilder& plan,
                                                                   const AttentionStep& step,
                                                                   const LoweredAttention& lowered, int dst,
                                                                   int diff_dst);
[[nodiscard]] int lower_positions(PlanBuilder& plan, const PositionsStep& step);

// What an LSTM's forward pass leaves for its backward one.
struct LoweredLstm {
  std::optional<LstmLayer> layer;
  LstmTensors work;
  int src = 0;  // tensor, in the layout that it is read in
};
// keeps: a backward pass follows.
[[nodiscard]] int lower_lstm(PlanBuilder& plan, const LstmStep& step, int src, bool keeps,
                             LoweredLstm& lowered);
// Gradients of the weights into the caller's buffer. Returns that of the source. dst: the tensor of the
// result.
[[nodiscard]] int lower_lstm_backward(PlanBuilder& plan, const LstmStep& step, const LoweredLstm& lowered,
                                      int dst, int diff_dst);

// oneDNN's name of the function.
[[nodiscard]] dnnl::algorithm eltwise_algorithm(Activation function);

}  // namespace pcnn

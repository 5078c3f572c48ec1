#pragma once

#include "engine/compile/batch/plan.h"

namespace pcnn {

// What the forward lowering of one op leaves for its backward.
struct LoweredConv {
  dnnl::convolution_forward::primitive_desc forward;
  int src = 0;  // tensor, in the layout the value was stored in
};

// What a convolution's primitive takes along: dst = activation(conv(src)) + skip.
struct FusedOps {
  const ActivationOp* activation = nullptr;  // null: the identity
  int skip = -1;                             // tensor; -1: nothing is added
  bool f32_result = false;                   // whatever the plan's precision
};

// Returns the tensor of the result, or -1 where a skip was asked for and no fast primitive takes it.
int lower_masked_conv(PlanBuilder& plan, int node, const MaskedConvOp& op, const FusedOps& fused, int src,
                      LoweredConv& lowered);
// Gradients of weight and bias into the caller's buffer.
void lower_masked_conv_backward_weights(PlanBuilder& plan, int node, const MaskedConvOp& op,
                                        const LoweredConv& lowered, int diff_dst);
// The gradient of the source.
[[nodiscard]] int lower_masked_conv_backward_data(PlanBuilder& plan, int node, const MaskedConvOp& op,
                                                  const LoweredConv& lowered, int diff_dst);

// dst = f(src), for an activation that could not be fused into the convolution before it.
[[nodiscard]] int lower_activation(PlanBuilder& plan, int node, const ActivationOp& op, int src);

// oneDNN's name of the function.
[[nodiscard]] dnnl::algorithm eltwise_algorithm(Activation function);

}  // namespace pcnn

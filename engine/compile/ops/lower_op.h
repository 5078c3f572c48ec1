#pragma once

#include "engine/compile/plan.h"

namespace pcnn {

// What the forward lowering of one op leaves for its backward.
struct LoweredConv {
  dnnl::convolution_forward::primitive_desc forward;
  int src = 0;  // tensor, in the layout the value was stored in
};

// dst = activation(conv(src)); `activation` may be null. Returns the tensor of the result, f32 on request
// whatever the plan's precision.
int lower_masked_conv(PlanBuilder& plan, int node, const MaskedConvOp& op, const ActivationOp* activation,
                      bool f32_result, int src, LoweredConv& lowered);
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

#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/ops/lower_op.h"

namespace pcnn {

dnnl::algorithm eltwise_algorithm(Activation function) {
  switch (function) {
    case Activation::kRelu:
    case Activation::kLeakyRelu:
      return dnnl::algorithm::eltwise_relu;  // alpha is the slope below zero
    case Activation::kElu:
      return dnnl::algorithm::eltwise_elu;
    case Activation::kTanh:
      return dnnl::algorithm::eltwise_tanh;
    case Activation::kSigmoid:
      break;
  }
  return dnnl::algorithm::eltwise_logistic;
}

int lower_activation(PlanBuilder& plan, int node, const ActivationOp& op, int src) {
  const std::size_t first_step = plan.step_count();
  const int dst = plan.new_tensor(plan.desc(src));
  const auto pd = dnnl_compat::eltwise_forward(plan.engine(), eltwise_algorithm(op.function), plan.desc(src),
                                               op.slope, fresh_attributes());
  plan.primitive(dnnl::eltwise_forward(pd), pd.scratchpad_desc(),
                 {{{DNNL_ARG_SRC, src}}, {{DNNL_ARG_DST, dst}}, {}});
  plan.note_implementation(node, "forward", pd.impl_info_str(), first_step);
  return dst;
}

}  // namespace pcnn

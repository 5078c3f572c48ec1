#include "engine/compile/batch/ops/lower_op.h"

namespace pcnn {

int lower_dropout(PlanBuilder& plan, const DropoutStep& step, int src, const char* direction) {
  const std::size_t first_step = plan.step_count();
  const int dst = plan.dropout(step.dst, step.op, src);
  plan.note_implementation(step.dst, direction, plan.vector_kernels().name, first_step);
  return dst;
}

}  // namespace pcnn

#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {
namespace {

std::size_t table_at(const PlanBuilder& plan, const ConditionOp& op) {
  return plan.network().parameters[to_index(op.table)].offset;
}

// A vector for every image, [image][map], from what is given of it.
GivenVectors vectors_of(const PlanBuilder& plan, const ConditionStep& step) {
  return {.images = to_index(plan.images()),
          .numbers = to_index(step.op.vector),
          .maps = to_index(plan.network().node(step.dst).channels),
          .table = table_at(plan, step.op)};
}

dnnl::memory::desc layout_of(const GivenVectors& vectors) {
  return plain_layout({static_cast<int>(vectors.images), static_cast<int>(vectors.maps), 1, 1});
}

}  // namespace

int lower_condition(PlanBuilder& plan, const ConditionStep& step, int src) {
  const std::size_t first_step = plan.step_count();
  VectorTable table{.offset = table_at(plan, step.op)};
  if (step.op.vector > 0) {
    const GivenVectors vectors = vectors_of(plan, step);
    table.tensor = plan.given_vectors(vectors, layout_of(vectors));
  }
  const int dst = plan.add_vectors(table, step.activation, src);
  plan.note_implementation(step.condition, "forward", plan.vector_kernels().name, first_step);
  return dst;
}

void lower_condition_backward_weights(PlanBuilder& plan, const ConditionStep& step, int diff_dst) {
  const std::size_t first_step = plan.step_count();
  if (step.op.vector > 0) {
    const GivenVectors vectors = vectors_of(plan, step);
    const VectorTable sums{.tensor = plan.new_tensor(layout_of(vectors)), .rows = plan.images()};
    plan.sum_vectors(sums, diff_dst);
    plan.given_gradient(vectors, sums.tensor);
  } else {
    plan.sum_vectors({.offset = table_at(plan, step.op), .rows = step.op.classes}, diff_dst);
  }
  plan.note_implementation(step.condition, "backward weights", plan.vector_kernels().name, first_step);
}

}  // namespace pcnn

#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {
namespace {

EmbeddingLookup lookup(const PlanBuilder& plan, const EmbeddingStep& step) {
  return {.op = step.op,
          .images = plan.network().shape(step.op.src, plan.images()),
          .maps = plan.network().node(step.dst).channels,
          .table = plan.network().parameters[to_index(step.op.table)].offset};
}

}  // namespace

int lower_embedding(PlanBuilder& plan, const EmbeddingStep& step, int src) {
  const std::size_t first_step = plan.step_count();
  const int dst =
      plan.embedding(lookup(plan, step), src, plain_layout(plan.network().shape(step.dst, plan.images())));
  plan.note_implementation(step.dst, "forward", "plain", first_step);
  return dst;
}

void lower_embedding_backward(PlanBuilder& plan, const EmbeddingStep& step, int src, int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const int diff = plan.in_layout(diff_dst, plain_layout(plan.network().shape(step.dst, plan.images())));
  plan.embedding_backward(lookup(plan, step), src, diff);
  plan.note_implementation(step.dst, "backward weights", "plain", first_step);
}

}  // namespace pcnn

#include "engine/compile/batch/ops/lower_op.h"

namespace pcnn {

int lower_concatenation(PlanBuilder& plan, const ConcatenationStep& step, int a, int b) {
  const std::size_t first_step = plan.step_count();
  const int dst = plan.concatenation(a, b);
  plan.note_implementation(step.dst, "forward", "copies", first_step);
  return dst;
}

ConcatenatedGradients lower_concatenation_backward(PlanBuilder& plan, const ConcatenationStep& step,
                                                   const ConcatenatedParts& asked, int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const Network& network = plan.network();
  const int groups = network.groups, maps_a = network.node(step.op.a).channels / groups,
            maps_b = network.node(step.op.b).channels / groups;
  const int diff = plan.in_layout(diff_dst, plain_layout(network.shape(step.dst, plan.images())));
  ConcatenatedGradients parts;
  if (asked.a) parts.a = plan.maps_of(diff, 0, maps_a);
  if (asked.b) parts.b = plan.maps_of(diff, maps_a, maps_b);
  plan.note_implementation(step.dst, "backward data", "copies", first_step);
  return parts;
}

}  // namespace pcnn

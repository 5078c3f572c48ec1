#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {

int lower_gate(PlanBuilder& plan, int node, LoweredGate& lowered) {
  const std::size_t first_step = plan.step_count();
  const Shape dst = plan.network().shape(node, plan.images());
  const auto groups = to_index(plan.network().groups), maps = to_index(dst.c) / groups,
             pixels = to_index(dst.h) * to_index(dst.w), images = to_index(dst.n);
  // The halves of a group must lie side by side: planes or blocks of maps, or the maps of a pixel.
  PlanBuilder::KnownMaps src = plan.in_known_layout(lowered.src);
  const bool by_pixel = known_tag(plan.desc(src.tensor)) == dnnl::memory::format_tag::nhwc;
  if (!by_pixel && maps % to_index(src.layout.block) != 0)
    src.tensor = plan.in_layout(
        src.tensor, {dnnl_compat::dims_of(plan.desc(src.tensor)),
                     dnnl_compat::data_type_of(plan.desc(src.tensor)), dnnl::memory::format_tag::nchw});
  lowered.src = src.tensor;
  lowered.halves = by_pixel ? GateHalves{.count = images * pixels * groups, .size = maps}
                            : GateHalves{.count = images * groups, .size = maps * pixels};
  const int result = plan.gate(lowered, with_dims(plan.desc(src.tensor), {dst.n, dst.c, dst.h, dst.w}));
  plan.note_implementation(node, "forward", plan.vector_kernels().name, first_step);
  return result;
}

int lower_gate_backward(PlanBuilder& plan, int node, const LoweredGate& lowered, int dst, int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const int diff_src = plan.gate_backward(lowered, dst, diff_dst);
  plan.note_implementation(node, "backward data", plan.vector_kernels().name, first_step);
  return diff_src;
}

}  // namespace pcnn

#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/ops/lower_op.h"
#include "engine/core/index.h"

namespace pcnn {

int lower_lstm(PlanBuilder& plan, const LstmStep& step, int src, bool keeps, LoweredLstm& lowered) {
  const std::size_t first_step = plan.step_count();
  const Shape shape = plan.network().shape(step.dst, plan.images());
  const PlanBuilder::KnownMaps from = plan.in_known_layout(src);
  const int dst = plan.new_tensor(with_dims(plan.desc(from.tensor), {shape.n, shape.c, shape.h, shape.w}));
  lowered.src = from.tensor;
  lowered.layer =
      LstmLayer{.walk = LstmWalk(step.op, shape, keeps),
                .groups = plan.network().groups,
                .src = from.layout,
                .dst = map_layout(plan.desc(dst)),
                .is_bf16 = dnnl_compat::data_type_of(plan.desc(dst)) == dnnl::memory::data_type::bf16};
  const std::size_t values = lowered.layer->walk.rows() * to_index(shape.c);
  lowered.work = {.gates = plan.new_floats(4 * values),
                  .hidden = plan.new_floats(values),
                  .cell = plan.new_floats(values)};
  plan.lstm({.layer = *lowered.layer,
             .work = lowered.work,
             .src = from.tensor,
             .dst = dst,
             .kernel = plan.packed_states(step.op.weight, false)});
  plan.note_implementation(step.dst, "forward", plan.product_kernel().name, first_step);
  return dst;
}

int lower_lstm_backward(PlanBuilder& plan, const LstmStep& step, const LoweredLstm& lowered, int dst,
                        int diff_dst) {
  const std::size_t first_step = plan.step_count();
  const LstmWalk& walk = lowered.layer->walk;
  const std::size_t of_place = to_index(walk.images()) * to_index(walk.maps()),
                    states = to_index(walk.state_count()) * to_index(walk.maps());
  const int diff_src = plan.new_tensor(plan.desc(lowered.src));
  plan.lstm_backward({.layer = *lowered.layer,
                      .work = lowered.work,
                      .diff_hidden = plan.new_floats(to_index(walk.longest()) * of_place),
                      .carry = plan.new_floats(to_index(walk.places()) * of_place),
                      .before = plan.new_floats(walk.rows() * states),
                      .product = plan.new_floats(4 * to_index(walk.maps()) * states),
                      .diff_dst = plan.in_layout(diff_dst, plan.desc(dst)),
                      .diff_src = diff_src,
                      .kernel = plan.packed_states(step.op.weight, true),
                      .gradients = plan.network().parameters[to_index(step.op.weight)].offset});
  plan.note_implementation(step.dst, "backward data", plan.product_kernel().name, first_step);
  return diff_src;
}

}  // namespace pcnn

// PlanBuilder's methods that append a step of our own.

#include <algorithm>

#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/plan.h"
#include "engine/core/index.h"

namespace pcnn {

int PlanBuilder::sum(int a, int b) {
  if (const int dst = sum_in_last_step(a, b); dst >= 0) return dst;
  if (const int dst = sum_in_last_step(b, a); dst >= 0) return dst;
  const int other = in_layout(b, desc(a));
  const int dst = new_tensor(desc(a));
  in_place_.push_back({other, dst, static_cast<int>(plan_.steps.size())});
  in_place_.push_back({a, dst, static_cast<int>(plan_.steps.size())});
  append(SumStep{a, other, dst}, std::vector{a, other}, std::vector{dst});
  return dst;
}

int PlanBuilder::sum_in_last_step(int a, int b) {
  auto* conv = plan_.steps.empty() ? nullptr : std::get_if<BlockedConvStep>(&plan_.steps.back());
  if (!conv || conv->dst != a || conv->added >= 0 || conv->derivative || desc(a) != desc(b)) return -1;
  BlockedConvStep joined = std::move(*conv);
  plan_.steps.pop_back();
  joined.unsummed = a;
  joined.added = b;
  joined.dst = new_tensor(desc(a));
  return blocked_conv(std::move(joined));
}

int PlanBuilder::activation_backward(const ActivationOp& op, int dst, int diff_dst) {
  const int diff = in_layout(diff_dst, desc(dst));
  const int diff_src = new_tensor(desc(dst));
  in_place_.push_back({diff, diff_src, static_cast<int>(plan_.steps.size())});
  append(ActivationBackwardStep{op, dst, diff, diff_src}, std::vector{dst, diff}, std::vector{diff_src});
  return diff_src;
}

int PlanBuilder::gate(const LoweredGate& gate, const dnnl::memory::desc& layout) {
  const int dst = new_tensor(layout);
  append(GateForwardStep{gate, dst}, std::vector{gate.src}, std::vector{dst});
  return dst;
}

int PlanBuilder::gate_backward(const LoweredGate& gate, int dst, int diff_dst) {
  const int diff = in_layout(diff_dst, desc(dst));
  const int diff_src = new_tensor(desc(gate.src));
  in_place_.push_back({gate.src, diff_src, static_cast<int>(plan_.steps.size())});
  append(GateBackwardStep{gate, diff, diff_src}, std::vector{gate.src, diff}, std::vector{diff_src});
  return diff_src;
}

int PlanBuilder::embedding(const EmbeddingLookup& lookup, int src, const dnnl::memory::desc& layout) {
  const int dst = new_tensor(layout);
  append(EmbeddingForwardStep{lookup, src, dst}, std::vector{src}, std::vector{dst});
  return dst;
}

void PlanBuilder::embedding_backward(const EmbeddingLookup& lookup, int src, int diff_dst) {
  append(EmbeddingBackwardStep{lookup, src, diff_dst}, std::vector{src, diff_dst}, {});
}

PlanBuilder::KnownMaps PlanBuilder::in_known_layout(int tensor) {
  const dnnl::memory::desc given = desc(tensor);
  tensor = in_layout(tensor, with_dims(given, dnnl_compat::dims_of(given)));
  return {tensor, map_layout(desc(tensor))};
}

int PlanBuilder::add_vectors(const VectorTable& table, const std::optional<ActivationOp>& activation,
                             int src) {
  const KnownMaps known = in_known_layout(src);
  const int dst = new_tensor(desc(known.tensor));
  in_place_.push_back({known.tensor, dst, static_cast<int>(plan_.steps.size())});
  std::vector reads{known.tensor};
  if (table.tensor >= 0) reads.push_back(table.tensor);
  append(AddVectorsStep{known.layout, activation, table, known.tensor, dst}, reads, std::vector{dst});
  return dst;
}

void PlanBuilder::sum_vectors(const VectorTable& table, int diff_dst) {
  const KnownMaps known = in_known_layout(diff_dst);
  std::vector<int> writes;
  if (table.tensor >= 0) writes.push_back(table.tensor);
  append(SumVectorsStep{known.layout, table, known.tensor}, std::vector{known.tensor}, writes);
}

int PlanBuilder::given_vectors(const GivenVectors& vectors, const dnnl::memory::desc& layout) {
  const int dst = new_tensor(layout);
  append(GivenVectorsStep{vectors, dst}, {}, std::vector{dst});
  return dst;
}

void PlanBuilder::given_gradient(const GivenVectors& vectors, int sums) {
  append(GivenGradientStep{vectors, sums}, std::vector{sums}, {});
}

int PlanBuilder::dropout(int node, const DropoutOp& op, int src) {
  const KnownMaps known = in_known_layout(src);
  const int dst = new_tensor(desc(known.tensor));
  in_place_.push_back({known.tensor, dst, static_cast<int>(plan_.steps.size())});
  append(DropoutPassStep{known.layout, op.rate, node, known.tensor, dst}, std::vector{known.tensor},
         std::vector{dst});
  return dst;
}

void PlanBuilder::weight_gradient(WeightGradientStep step) {
  WeightGradient gradient = step.gradient;
  gradient.taps = step.taps.data();
  const bool is_bf16 = dnnl_compat::data_type_of(desc(step.diff_dst)) == dnnl::memory::data_type::bf16;
  const std::size_t scratch = is_bf16
                                  ? plan_.vector_kernels.bf16_convolutions->weight_gradient_scratch(gradient)
                                  : weight_gradient_scratch(gradient, plan_.vector_kernels.lanes);
  plan_.scratchpad_bytes = std::max(plan_.scratchpad_bytes, scratch * sizeof(float));
  const std::vector reads{step.src, step.diff_dst};
  append(std::move(step), reads, {});
}

namespace {

dnnl::memory::desc blocks_of(const dnnl::memory::dims& dims, dnnl::memory::data_type type, int lanes) {
  return {dims, type, lanes == 16 ? dnnl::memory::format_tag::nChw16c : dnnl::memory::format_tag::nChw8c};
}

}  // namespace

int PlanBuilder::in_blocks(int tensor) {
  return in_blocks(tensor, data_type());
}

int PlanBuilder::in_blocks(int tensor, dnnl::memory::data_type type) {
  return in_layout(tensor, blocks_of(dnnl_compat::dims_of(desc(tensor)), type, vector_kernels().lanes));
}

bool PlanBuilder::is_in_blocks(int tensor) const {
  return desc(tensor) == blocks_of(dnnl_compat::dims_of(desc(tensor)), data_type(), vector_kernels().lanes);
}

int PlanBuilder::new_blocks(const Shape& shape) {
  return new_tensor(blocks_of({shape.n, shape.c, shape.h, shape.w}, data_type(), vector_kernels().lanes));
}

int PlanBuilder::blocked_conv(BlockedConvStep step) {
  const std::size_t scratch = step.conv.maps_of_word > 1
                                  ? plan_.vector_kernels.bf16_convolutions->conv_scratch(step.conv)
                                  : blocked_conv_scratch(step.conv, plan_.vector_kernels.lanes);
  plan_.scratchpad_bytes = std::max(plan_.scratchpad_bytes, scratch * sizeof(float));
  std::vector reads{step.src}, writes{step.dst};
  if (step.unsummed >= 0) writes.push_back(step.unsummed);
  for (const int operand : {step.added, step.value}) {
    if (operand < 0) continue;
    reads.push_back(operand);
    if (operand != step.src)  // other pixels of it are still to be read
      in_place_.push_back({operand, step.dst, static_cast<int>(plan_.steps.size())});
  }
  const int dst = step.dst;
  append(std::move(step), reads, writes);
  return dst;
}

std::size_t PlanBuilder::packed_blocks(int parameter, BlockedKernel kernel, bool mirrored) {
  const std::size_t words =
      blocked_weights(network_.parameters[to_index(parameter)], kernel, mirrored, plan_.vector_kernels.lanes)
          .size();
  return append_packed({parameter, mirrored, std::move(kernel)}, words * sizeof(float));
}

BlockedWeights blocked_weights(const Parameter& parameter, const BlockedKernel& kernel, bool mirrored,
                               int lanes) {
  const int of_channel = kernel.pairs.empty() ? 1 : kMapsOfBf16Word;
  return {.in_channels = parameter.shape[mirrored ? 0 : 1] * of_channel,
          .filters = parameter.shape[mirrored ? 1 : 0],
          .taps = static_cast<int>(kernel.taps.size() + kernel.pairs.size()),
          .channel_block = kernel.channel_block,
          .maps_of_word = kernel.maps_of_word,
          .lanes = lanes};
}

void PlanBuilder::plane_conv(PlaneConvStep step) {
  const std::size_t scratch = plane_conv_scratch(step.conv, plan_.vector_kernels.lanes);
  plan_.scratchpad_bytes = std::max(plan_.scratchpad_bytes, scratch * sizeof(float));
  const std::vector reads{step.src}, writes{step.dst};
  append(std::move(step), reads, writes);
}

void PlanBuilder::plane_conv_backward(PlaneConvBackwardStep step) {
  const std::size_t scratch = plane_conv_scratch(step.conv, plan_.vector_kernels.lanes);
  plan_.scratchpad_bytes = std::max(plan_.scratchpad_bytes, scratch * sizeof(float));
  const std::vector reads{step.src, step.diff_dst};
  append(std::move(step), reads, {});
}

int PlanBuilder::attention(const LoweredAttention& attention) {
  const std::size_t scratch = attention_scratch(attention.shape, false);
  plan_.scratchpad_bytes = std::max(plan_.scratchpad_bytes, scratch * sizeof(float));
  const int dst = new_tensor(desc(attention.value));
  std::vector writes{dst};
  if (attention.scales >= 0) writes.push_back(attention.scales);
  append(AttentionForwardStep{attention, dst}, std::vector{attention.query, attention.key, attention.value},
         writes);
  return dst;
}

PlanBuilder::AttentionDiffs PlanBuilder::attention_backward(const LoweredAttention& attention, int dst,
                                                            int diff_dst) {
  const std::size_t scratch = attention_scratch(attention.shape, true);
  plan_.scratchpad_bytes = std::max(plan_.scratchpad_bytes, scratch * sizeof(float));
  const AttentionDiffs diffs{new_tensor(desc(attention.query)), new_tensor(desc(attention.key)),
                             new_tensor(desc(attention.value))};
  append(AttentionBackwardStep{attention, dst, diff_dst, diffs.query, diffs.key, diffs.value},
         std::vector{attention.query, attention.key, attention.value, attention.scales, dst, diff_dst},
         std::vector{diffs.query, diffs.key, diffs.value});
  return diffs;
}

int PlanBuilder::positions(const Shape& shape) {
  const int dst = new_tensor(plain_layout(shape));
  append(PositionsForwardStep{shape, dst}, {}, std::vector{dst});
  return dst;
}

int PlanBuilder::new_floats(std::size_t count) {
  return new_tensor(
      {{static_cast<dnnl::memory::dim>(count)}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::x});
}

void PlanBuilder::lstm(LstmForwardStep step) {
  plan_.scratchpad_bytes =
      std::max(plan_.scratchpad_bytes, lstm_scratch(step.layer.walk, plan_.product_kernel));
  const std::vector reads{step.src}, writes{step.work.gates, step.work.hidden, step.work.cell, step.dst};
  append(std::move(step), reads, writes);
}

void PlanBuilder::lstm_backward(LstmBackwardStep step) {
  const auto& [gates, hidden, cell] = step.work;
  const std::vector reads{gates, hidden, cell, step.diff_dst},
      writes{step.diff_hidden, step.carry, step.before, step.product, step.diff_src};
  append(std::move(step), reads, writes);
}

std::size_t PlanBuilder::packed_states(int parameter, bool transposed) {
  const std::vector<int>& shape = network_.parameters[to_index(parameter)].shape;
  const std::size_t bytes =
      packed_state_words(shape[1], shape[3], transposed, plan_.product_kernel) * sizeof(float);
  return append_packed({parameter, transposed, StateKernel{}}, bytes);
}

}  // namespace pcnn

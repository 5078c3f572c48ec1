// A masked convolution as oneDNN sees it: only the rows and columns of the kernel that hold live taps, so a
// mask-B 3x3 kernel
//
//     1 1 1
//     1 1 0     is a 2x3 convolution with one row of padding above and none below.
//     0 0 0
//
// The dead taps inside are zeros in the packed weights. Where kernels are not cropped, all their taps are
// computed and the dead ones are zeros too.

#include <string_view>

#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/ops/lower_op.h"

namespace pcnn {
namespace {

LiveBox computed_box(const PlanBuilder& plan, const MaskedConvOp& op) {
  if (!plan.crops_kernels()) return {op.kernel_height, op.kernel_width};
  return live_box(op.mask, op.kernel_height, op.kernel_width);
}

dnnl::memory::desc any_kernel(const PlanBuilder& plan, const MaskedConvOp& op, int filters,
                              dnnl::memory::data_type type) {
  const LiveBox box = computed_box(plan, op);
  return {{filters, op.in_channels, box.rows, box.columns}, type, dnnl::memory::format_tag::any};
}

dnnl::memory::desc vector_of(int count) {
  return {{count}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::x};
}

// Those that a convolution reads.
StoredZeros zeros_around(const PlanBuilder& plan, const MaskedConvOp& op) {
  const LiveBox box = computed_box(plan, op);
  return {.above = op.kernel_height / 2 * op.row_dilation,
          .below = (box.rows - 1 - op.kernel_height / 2) * op.row_dilation,
          .left = op.kernel_width / 2 * op.column_dilation,
          .right = (box.columns - 1 - op.kernel_width / 2) * op.column_dilation};
}

// All layouts left to the primitive, everything but the bias in the plan's precision; the zeros around the
// image are padding, but for those stored with the source.
dnnl_compat::ConvGeometry geometry(const PlanBuilder& plan, int node, const MaskedConvOp& op,
                                   StoredZeros stored = {}) {
  Shape src = plan.network().shape(op.src, plan.images());
  src.h += stored.above + stored.below;
  src.w += stored.left + stored.right;
  const Shape dst = plan.network().shape(node, plan.images());
  const StoredZeros around = zeros_around(plan, op);
  return {.src = any_layout(src, plan.data_type()),
          .weights = any_kernel(plan, op, dst.c, plan.data_type()),
          .bias = vector_of(dst.c),
          .dst = any_layout(dst, plan.data_type()),
          .pad_before = {around.above - stored.above, around.left - stored.left},
          .pad_after = {around.below - stored.below, around.right - stored.right},
          .gaps = {op.row_dilation - 1, op.column_dilation - 1}};
}

const Parameter& parameter(const PlanBuilder& plan, int index) {
  return plan.network().parameters[static_cast<std::size_t>(index)];
}

// oneDNN's fast backward-weights kernels refuse a padding above or to the left of more than half the kernel,
// which the cut kernels of 5x5 and more have; they get these zeros stored with the source instead.
StoredZeros zeros_to_store(const PlanBuilder& plan, const MaskedConvOp& op) {
  const LiveBox box = computed_box(plan, op);
  const StoredZeros around = zeros_around(plan, op);
  const auto needed = [](int pad, int taps, int dilation) {
    return pad > ((taps - 1) * dilation + 1) / 2 ? pad : 0;
  };
  return {.above = needed(around.above, box.rows, op.row_dilation),
          .left = needed(around.left, box.columns, op.column_dilation)};
}

bool is_slow(const char* implementation) {
  const std::string_view name = implementation;
  return name.find("gemm") != name.npos || name.find("ref") != name.npos;
}

// oneDNN's fast kernels refuse wide paddings, as dilated kernels and those of 9x9 have. make(zeros) returns a
// primitive descriptor for a source with these zeros stored; `zeros` receives those it takes.
template <typename Make>
auto fastest(const PlanBuilder& plan, const MaskedConvOp& op, const Make& make, StoredZeros& zeros) {
  zeros = {};
  auto padded = make(zeros);
  if (!is_slow(padded.impl_info_str())) return padded;
  const StoredZeros around = zeros_around(plan, op);
  auto stored = make(around);
  if (is_slow(stored.impl_info_str())) return padded;
  zeros = around;
  return stored;
}

// A backward pass asks for the forward pass that it belongs to.
dnnl::convolution_forward::primitive_desc forward_hint(const PlanBuilder& plan,
                                                       const dnnl_compat::ConvGeometry& shape,
                                                       const StoredZeros& stored,
                                                       const LoweredConv& lowered) {
  if (stored == lowered.zeros) return lowered.forward;
  return dnnl_compat::conv_forward(plan.engine(), dnnl::prop_kind::forward_training, shape,
                                   fresh_attributes());
}

}  // namespace

int lower_masked_conv(PlanBuilder& plan, const ConvStep& step, const FusedOps& fused, int src,
                      LoweredConv& lowered) {
  const MaskedConvOp& op = step.op;
  if (computes_forward_in_blocks(plan, step, fused))
    return lower_blocked_conv(plan, step, fused, src, lowered);
  const std::size_t first_step = plan.step_count();
  dnnl::primitive_attr attributes = fresh_attributes();
  dnnl::post_ops ops;
  if (step.activation)
    dnnl_compat::append_eltwise(ops, eltwise_algorithm(step.activation->function), step.activation->slope);
  if (fused.skip >= 0) ops.append_binary(dnnl::algorithm::binary_add, plan.desc(fused.skip));
  if (ops.len() > 0) attributes.set_post_ops(ops);

  const bool widens = fused.f32_result && plan.data_type() != dnnl::memory::data_type::f32;
  const auto forward_pd = [&](const StoredZeros& zeros, bool to_f32) {
    dnnl_compat::ConvGeometry shape = geometry(plan, step.conv, op, zeros);
    if (to_f32)
      shape.dst = any_layout(plan.network().shape(step.conv, plan.images()), dnnl::memory::data_type::f32);
    return dnnl_compat::conv_forward(plan.engine(), dnnl::prop_kind::forward_training, shape, attributes);
  };
  lowered.src = src;
  lowered.forward = fastest(
      plan, op, [&](const StoredZeros& zeros) { return forward_pd(zeros, false); }, lowered.zeros);
  const auto pd = widens ? forward_pd(lowered.zeros, true) : lowered.forward;
  // A skip in another layout than the result's drops to slow kernels without a word.
  if (fused.skip >= 0 && plan.desc(fused.skip) != pd.dst_desc()) return -1;

  const std::size_t kernel = plan.packed_kernel(op.weight, pd.weights_desc());
  const Parameter& bias = parameter(plan, op.bias);
  const int dst = plan.new_tensor(pd.dst_desc());
  if (lowered.zeros.any()) src = plan.with_zeros(src, lowered.zeros);
  PlanBuilder::Arguments arguments{{{DNNL_ARG_SRC, plan.in_layout(src, pd.src_desc())}},
                                   {{DNNL_ARG_DST, dst}},
                                   {{DNNL_ARG_WEIGHTS, {Operand::Home::kPacked, kernel, pd.weights_desc()}},
                                    {DNNL_ARG_BIAS, {Operand::Home::kBias, bias.offset, pd.bias_desc()}}}};
  if (fused.skip >= 0)
    arguments.reads.emplace_back(DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len() - 1) | DNNL_ARG_SRC_1, fused.skip);
  plan.primitive(dnnl::convolution_forward(pd), pd.scratchpad_desc(), std::move(arguments));
  plan.note_implementation(step.conv, "forward", pd.impl_info_str(), first_step);
  return dst;
}

namespace {

// The gradient of the source as a forward convolution of diff_dst, with the kernel mirrored and all zeros
// stored: what oneDNN has fast kernels for where it has none for wide gaps backwards. Returns -1 where it has
// none either.
int lower_mirrored(PlanBuilder& plan, const ConvStep& step, int diff_dst) {
  const MaskedConvOp& op = step.op;
  const std::size_t first_step = plan.step_count();
  const Shape src = plan.network().shape(op.src, plan.images());
  Shape dst = plan.network().shape(step.conv, plan.images());
  const LiveBox box = computed_box(plan, op);
  const StoredZeros around = zeros_around(plan, op);
  const StoredZeros zeros{
      .above = around.below, .below = around.above, .left = around.right, .right = around.left};
  const int filters = dst.c;
  dst.h += zeros.above + zeros.below;
  dst.w += zeros.left + zeros.right;
  const auto pd = dnnl_compat::conv_forward(plan.engine(), dnnl::prop_kind::forward_inference,
                                            {.src = any_layout(dst, plan.data_type()),
                                             .weights = {{op.in_channels, filters, box.rows, box.columns},
                                                         plan.data_type(),
                                                         dnnl::memory::format_tag::any},
                                             .bias = {},
                                             .dst = any_layout(src, plan.data_type()),
                                             .pad_before = {0, 0},
                                             .pad_after = {0, 0},
                                             .gaps = {op.row_dilation - 1, op.column_dilation - 1}},
                                            fresh_attributes());
  if (is_slow(pd.impl_info_str())) return -1;

  const std::size_t kernel = plan.packed_kernel(op.weight, pd.weights_desc(), true);
  const int diff_src = plan.new_tensor(pd.dst_desc());
  plan.primitive(dnnl::convolution_forward(pd), pd.scratchpad_desc(),
                 {{{DNNL_ARG_SRC, plan.in_layout(plan.with_zeros(diff_dst, zeros), pd.src_desc())}},
                  {{DNNL_ARG_DST, diff_src}},
                  {{DNNL_ARG_WEIGHTS, {Operand::Home::kPacked, kernel, pd.weights_desc()}}}});
  plan.note_implementation(step.conv, "backward data", pd.impl_info_str(), first_step);
  return diff_src;
}

}  // namespace

int lower_masked_conv_backward_data(PlanBuilder& plan, const ConvStep& step, const LoweredConv& lowered,
                                    int diff_dst) {
  const std::size_t first_step = plan.step_count();
  StoredZeros zeros;
  const auto pd = fastest(
      plan, step.op,
      [&](const StoredZeros& stored) {
        const dnnl_compat::ConvGeometry shape = geometry(plan, step.conv, step.op, stored);
        return dnnl_compat::conv_backward_data(
            plan.engine(), shape, forward_hint(plan, shape, stored, lowered), fresh_attributes());
      },
      zeros);

  if (is_slow(pd.impl_info_str()))
    if (const int diff_src = lower_mirrored(plan, step, diff_dst); diff_src >= 0) return diff_src;

  const std::size_t kernel = plan.packed_kernel(step.op.weight, pd.weights_desc());
  int diff_src = plan.new_tensor(pd.diff_src_desc());
  plan.primitive(dnnl::convolution_backward_data(pd), pd.scratchpad_desc(),
                 {{{DNNL_ARG_DIFF_DST, plan.in_layout(diff_dst, pd.diff_dst_desc())}},
                  {{DNNL_ARG_DIFF_SRC, diff_src}},
                  {{DNNL_ARG_WEIGHTS, {Operand::Home::kPacked, kernel, pd.weights_desc()}}}});
  if (zeros.any()) diff_src = plan.without_zeros(diff_src, zeros);
  plan.note_implementation(step.conv, "backward data", pd.impl_info_str(), first_step);
  return diff_src;
}

bool is_given(const PlanBuilder& plan, const ConvStep& step) {
  return inputs(plan.network().node(step.op.src).op).empty();
}

std::vector<KernelTap> kernel_taps(const ConvStep& step) {
  std::vector<KernelTap> taps;
  for (const Tap& tap : step.taps)
    taps.push_back({step.op.kernel_row(tap), step.op.kernel_column(tap), tap.down, tap.right});
  return taps;
}

namespace {

bool has_bf16_weight_gradient(const PlanBuilder& plan, const ConvStep& step) {
  return plan.data_type() == dnnl::memory::data_type::bf16 && computes_in_blocks(plan) &&
         (!is_given(plan, step) || takes_planes(plan));
}

// Our own kernel, which computes live taps only and writes them where they belong.
void lower_weight_gradient(PlanBuilder& plan, const ConvStep& step, int src, int diff_dst) {
  const MaskedConvOp& op = step.op;
  const std::size_t first_step = plan.step_count();
  const Shape shape = plan.network().shape(op.src, plan.images());
  const Parameter& weight = parameter(plan, op.weight);
  WeightGradientStep gradient{.gradient = {.images = shape.n,
                                           .height = shape.h,
                                           .width = shape.w,
                                           .in_channels = shape.c,
                                           .filters = weight.shape[0],
                                           .kernel_height = op.kernel_height,
                                           .kernel_width = op.kernel_width,
                                           .plain_src = is_given(plan, step)},
                              .taps = kernel_taps(step),
                              .weights = weight.offset,
                              .bias = parameter(plan, op.bias).offset};
  gradient.gradient.tap_count = static_cast<int>(gradient.taps.size());
  gradient.gradient.reach = reach_of(gradient.taps);
  const bool is_bf16 = has_bf16_weight_gradient(plan, step);
  const auto type = is_bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
  gradient.src = gradient.gradient.plain_src ? src : plan.in_blocks(src, type);
  gradient.diff_dst = plan.in_blocks(diff_dst, type);
  plan.weight_gradient(std::move(gradient));
  plan.note_implementation(
      step.conv, "backward weights",
      is_bf16 ? plan.vector_kernels().bf16_convolutions->name : plan.vector_kernels().name, first_step);
}

// Our own in f32 is also there in every precision for dilated kernels, which oneDNN has no fast kernel for,
// and for taps that are outside the image for every pixel: with those, its sums in bf16 over many channels
// are not finite.
bool has_own_weight_gradient(const PlanBuilder& plan, const ConvStep& step) {
  const MaskedConvOp& op = step.op;
  const Shape image = plan.network().shape(op.src, plan.images());
  if (!plan.crops_kernels() || !plan.vector_kernels().weight_gradient) return false;
  return plan.data_type() == dnnl::memory::data_type::f32 || has_bf16_weight_gradient(plan, step) ||
         op.row_dilation > 1 || op.column_dilation > 1 || op.kernel_height / 2 >= image.h ||
         op.kernel_width / 2 >= image.w;
}

}  // namespace

void lower_masked_conv_backward_weights(PlanBuilder& plan, const ConvStep& step, const LoweredConv& lowered,
                                        int diff_dst) {
  const MaskedConvOp& op = step.op;
  if (has_own_weight_gradient(plan, step)) return lower_weight_gradient(plan, step, lowered.src, diff_dst);
  const std::size_t first_step = plan.step_count();
  const StoredZeros zeros = zeros_to_store(plan, op);
  dnnl_compat::ConvGeometry shape = geometry(plan, step.conv, op, zeros);
  const auto hint = forward_hint(plan, shape, zeros, lowered);
  shape.weights = any_kernel(plan, op, static_cast<int>(dnnl_compat::dims_of(shape.dst)[1]),
                             dnnl::memory::data_type::f32);
  const auto pd = dnnl_compat::conv_backward_weights(plan.engine(), shape, hint, fresh_attributes());

  const int src = zeros.any() ? plan.with_zeros(lowered.src, zeros) : lowered.src;
  const Parameter& weight = parameter(plan, op.weight);
  const Parameter& bias = parameter(plan, op.bias);
  const int diff_weights = plan.new_tensor(pd.diff_weights_desc());
  plan.primitive(dnnl::convolution_backward_weights(pd), pd.scratchpad_desc(),
                 {{{DNNL_ARG_SRC, plan.in_layout(src, pd.src_desc())},
                   {DNNL_ARG_DIFF_DST, plan.in_layout(diff_dst, pd.diff_dst_desc())}},
                  {{DNNL_ARG_DIFF_WEIGHTS, diff_weights}},
                  {{DNNL_ARG_DIFF_BIAS, {Operand::Home::kGradients, bias.offset, pd.diff_bias_desc()}}}});

  // The computed taps of the full OIHW kernel in the caller's gradient buffer; others are never written.
  const dnnl::memory::dims full(weight.shape.begin(), weight.shape.end());
  const LiveBox box = computed_box(plan, op);
  const dnnl::memory::dims computed{full[0], full[1], box.rows, box.columns};
  const dnnl::memory::desc window(
      computed, dnnl::memory::data_type::f32,
      dnnl::memory::dims{full[1] * full[2] * full[3], full[2] * full[3], full[3], 1});
  const dnnl::reorder::primitive_desc reorder(plan.engine(), pd.diff_weights_desc(), plan.engine(), window,
                                              fresh_attributes());
  plan.primitive(dnnl::reorder(reorder), reorder.scratchpad_desc(),
                 {{{DNNL_ARG_FROM, diff_weights}},
                  {},
                  {{DNNL_ARG_TO, {Operand::Home::kGradients, weight.offset, window}}}});
  plan.note_implementation(step.conv, "backward weights", pd.impl_info_str(), first_step);
}

}  // namespace pcnn

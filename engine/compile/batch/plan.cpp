#include "engine/compile/batch/plan.h"

#include <algorithm>
#include <string_view>

#include "engine/compile/batch/dnnl_compat.h"
#include "engine/core/index.h"

namespace pcnn {
namespace {

// Of the instruction set of the training kernels.
const PixelKernel& product_kernel_of(const CompileOptions& options) {
  const bool is_best = options.kernels.lanes == training_kernels().back().lanes;
  if (is_best) return vector_kernel(options.precision);
  const auto found = std::ranges::find_if(pixel_kernels(), [&](const PixelKernel& kernel) {
    return std::string_view(kernel.name) == options.kernels.name;
  });
  return found == pixel_kernels().end() ? pixel_kernels().front() : *found;
}

}  // namespace

PlanBuilder::PlanBuilder(const dnnl::engine& engine, const Network& network, int images,
                         const CompileOptions& options)
    : engine_(engine),
      network_(network),
      images_(images),
      precision_(options.precision),
      crops_kernels_(options.crop_kernels) {
  plan_.vector_kernels = options.kernels;
  plan_.product_kernel = product_kernel_of(options);
}

dnnl::memory::data_type PlanBuilder::data_type() const {
  return precision_ == Precision::kBf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

dnnl::memory::desc PlanBuilder::desc(int tensor) const {
  return plan_.tensors[to_index(tensor)];
}

int PlanBuilder::new_tensor(const dnnl::memory::desc& desc) {
  tensor_lives_.push_back({.bytes = desc.get_size(), .first_step = -1, .last_step = -1});
  plan_.tensors.push_back(desc);
  return static_cast<int>(plan_.tensors.size()) - 1;
}

void PlanBuilder::append(StepAction action, std::span<const int> reads, std::span<const int> writes) {
  const int step = static_cast<int>(plan_.steps.size());
  plan_.steps.push_back(std::move(action));
  for (const int tensor : reads) tensor_lives_[to_index(tensor)].last_step = step;
  for (const int tensor : writes) {
    TensorLife& life = tensor_lives_[to_index(tensor)];
    if (life.first_step < 0) life.first_step = step;
    life.last_step = step;
  }
}

void PlanBuilder::caller(std::span<const int> reads, std::span<const int> writes) {
  append(CallerStep{}, reads, writes);
}

void PlanBuilder::primitive(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
                            Arguments arguments) {
  std::vector<int> reads, writes;
  // These may look at tensors through another layout.
  for (const auto& [argument, operand] : arguments.others)
    if (operand.home == Operand::Home::kTensor)
      (argument == DNNL_ARG_DST ? writes : reads).push_back(static_cast<int>(operand.index));
  PrimitiveStep step{primitive, std::move(arguments.others)};
  for (const auto& [argument, tensor] : arguments.reads) {
    step.arguments.push_back({argument, {Operand::Home::kTensor, to_index(tensor), desc(tensor)}});
    reads.push_back(tensor);
  }
  for (const auto& [argument, tensor] : arguments.writes) {
    step.arguments.push_back({argument, {Operand::Home::kTensor, to_index(tensor), desc(tensor)}});
    writes.push_back(tensor);
  }
  if (scratchpad.get_size() > 0) {
    step.arguments.push_back({DNNL_ARG_SCRATCHPAD, {Operand::Home::kScratchpad, 0, scratchpad}});
    plan_.scratchpad_bytes = std::max(plan_.scratchpad_bytes, scratchpad.get_size());
  }
  append(std::move(step), reads, writes);
}

int PlanBuilder::in_layout(int tensor, const dnnl::memory::desc& layout) {
  if (desc(tensor) == layout) return tensor;
  const int copy = new_tensor(layout);
  reorder(tensor, desc(tensor), copy, layout);
  return copy;
}

void PlanBuilder::reorder(int src, const dnnl::memory::desc& from, int dst, const dnnl::memory::desc& to) {
  const dnnl::reorder::primitive_desc pd(engine_, from, engine_, to, fresh_attributes());
  primitive(dnnl::reorder(pd), pd.scratchpad_desc(),
            {{},
             {},
             {{DNNL_ARG_FROM, {Operand::Home::kTensor, to_index(src), from}},
              {DNNL_ARG_TO, {Operand::Home::kTensor, to_index(dst), to}}}});
}

namespace {

dnnl::memory::desc planes_of(const dnnl::memory::dims& dims) {
  return {dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::nchw};
}

// So many maps of a tensor of planes.
dnnl::memory::desc window(const dnnl::memory::desc& planes, dnnl::memory::dim first, dnnl::memory::dim maps) {
  const auto dims = dnnl_compat::dims_of(planes);
  return planes.submemory_desc({dims[0], maps, dims[2], dims[3]}, {0, first, 0, 0});
}

}  // namespace

int PlanBuilder::concatenation(int a, int b) {
  const int groups = network_.groups;
  const auto dims_a = dnnl_compat::dims_of(desc(a)), dims_b = dnnl_compat::dims_of(desc(b));
  const auto maps_a = dims_a[1] / groups, maps_b = dims_b[1] / groups;
  // The parts of a group are told apart in planes alone; where there is one, all of a layout is read.
  if (groups > 1) a = in_layout(a, planes_of(dims_a)), b = in_layout(b, planes_of(dims_b));
  const int dst = new_tensor(planes_of({dims_a[0], dims_a[1] + dims_b[1], dims_a[2], dims_a[3]}));
  const auto part = [&](int src, dnnl::memory::dim group, dnnl::memory::dim maps) {
    return groups > 1 ? window(desc(src), group * maps, maps) : desc(src);
  };
  for (dnnl::memory::dim group = 0; group < groups; ++group) {
    const auto first = group * (maps_a + maps_b);
    reorder(a, part(a, group, maps_a), dst, window(desc(dst), first, maps_a));
    reorder(b, part(b, group, maps_b), dst, window(desc(dst), first + maps_a, maps_b));
  }
  return dst;
}

int PlanBuilder::maps_of(int src, int first, int maps) {
  const int groups = network_.groups;
  const auto dims = dnnl_compat::dims_of(desc(src));
  const int dst = new_tensor(planes_of({dims[0], dnnl::memory::dim{maps} * groups, dims[2], dims[3]}));
  for (dnnl::memory::dim group = 0; group < groups; ++group)
    reorder(src, window(desc(src), group * (dims[1] / groups) + first, maps), dst,
            window(desc(dst), group * maps, maps));
  return dst;
}

int PlanBuilder::with_zeros(int src, const StoredZeros& zeros) {
  const auto dims = dnnl_compat::dims_of(desc(src));
  const dnnl::memory::dims larger{dims[0], dims[1], dims[2] + zeros.above + zeros.below,
                                  dims[3] + zeros.left + zeros.right};
  const int padded = new_tensor(with_dims(desc(src), larger));
  const dnnl::memory::desc window = desc(padded).submemory_desc(dims, {0, 0, zeros.above, zeros.left});
  append(ZeroStep{padded}, {}, std::vector{padded});
  reorder(src, desc(src), padded, window);
  return padded;
}

int PlanBuilder::without_zeros(int src, const StoredZeros& zeros) {
  const auto dims = dnnl_compat::dims_of(desc(src));
  const dnnl::memory::dims inner{dims[0], dims[1], dims[2] - zeros.above - zeros.below,
                                 dims[3] - zeros.left - zeros.right};
  const dnnl::memory::desc window = desc(src).submemory_desc(inner, {0, 0, zeros.above, zeros.left});
  const int dst = new_tensor(with_dims(desc(src), inner));
  reorder(src, window, dst, desc(dst));
  return dst;
}

std::size_t PlanBuilder::packed_kernel(int parameter, const dnnl::memory::desc& layout, bool mirrored) {
  for (std::size_t i = 0; i < plan_.kernels.size(); ++i) {
    const auto* made = std::get_if<ReorderedKernel>(&plan_.kernels[i].form);
    if (made && plan_.kernels[i].parameter == parameter && plan_.kernels[i].mirrored == mirrored &&
        made->packed == layout)
      return i;
  }
  const dnnl::memory::desc plain(dnnl_compat::dims_of(layout), dnnl::memory::data_type::f32,
                                 dnnl::memory::format_tag::oihw);
  const dnnl::reorder::primitive_desc pd(engine_, plain, engine_, layout);
  return append_packed({parameter, mirrored, ReorderedKernel{plain, layout, dnnl::reorder(pd)}},
                       layout.get_size());
}

std::size_t PlanBuilder::append_packed(PackedLayout layout, std::size_t bytes) {
  layout.offset = plan_.packed_bytes;
  plan_.kernels.push_back(std::move(layout));
  plan_.packed_bytes += (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
  return plan_.kernels.size() - 1;
}

void PlanBuilder::note_implementation(int node, const char* direction, const char* name,
                                      std::size_t first_step) {
  plan_.implementations.push_back(
      {network_.nodes[to_index(node)].name, direction, name, first_step, plan_.steps.size()});
}

Plan PlanBuilder::finish(const CallerTensors& caller, std::size_t backward_begin) && {
  plan_.caller = caller;
  plan_.backward_begin = backward_begin;

  plan_.lives = std::move(tensor_lives_);
  plan_.buffers.resize(plan_.tensors.size());
  for (std::size_t tensor = 0; tensor < plan_.buffers.size(); ++tensor) plan_.buffers[tensor] = tensor;
  for (const InPlace& pair : in_place_) {
    const std::size_t dst = to_index(pair.dst), buffer = plan_.buffers[to_index(pair.src)];
    // Only where dst has its own buffer still, and nothing else looks at the source's buffer after this step.
    if (plan_.buffers[dst] != dst || plan_.lives[buffer].last_step != pair.step) continue;
    plan_.buffers[dst] = buffer;
    plan_.lives[buffer].last_step = plan_.lives[dst].last_step;
    plan_.lives[dst].bytes = 0;
  }
  plan_.arena = plan_arena(plan_.lives);
  return std::move(plan_);
}

}  // namespace pcnn

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/embedding.h"
#include "engine/compile/batch/program_impl.h"
#include "engine/compile/given_vectors.h"
#include "engine/core/error.h"
#include "engine/core/index.h"

namespace pcnn {

Workspace::Impl::Impl(const Program::Impl& program, const PackedWeights::Memory& packed)
    : plan(program.plan),
      kernels(packed.kernels.data()),
      biases(packed.biases.data()),
      given(program.network, to_index(program.images)),
      in_order(to_index(program.images)),
      arena(plan.arena.bytes),
      scratchpad(plan.scratchpad_bytes),
      stream(program.engine),
      arguments(plan.steps.size()) {
  const auto address = [&](const Operand& operand) -> void* {
    switch (operand.home) {
      case Operand::Home::kTensor:
        return tensor(static_cast<int>(operand.index));
      case Operand::Home::kPacked:
        return packed.kernels.data() + plan.kernels[operand.index].offset;
      case Operand::Home::kBias:
        return packed.biases.data() + operand.index * sizeof(float);
      case Operand::Home::kScratchpad:
        return scratchpad.data();
      case Operand::Home::kGradients:
        break;  // the caller's: bind_gradients()
    }
    return nullptr;
  };
  std::iota(in_order.begin(), in_order.end(), 0);
  for (std::size_t step = 0; step < plan.steps.size(); ++step) {
    const auto* primitive = std::get_if<PrimitiveStep>(&plan.steps[step]);
    if (!primitive) continue;
    for (const auto& [argument, operand] : primitive->arguments) {
      const dnnl::memory& memory = memories.emplace_back(operand.desc, program.engine, address(operand));
      arguments[step].push_back({argument, memory.get()});
      if (operand.home == Operand::Home::kGradients) gradients.emplace_back(operand.index, memory);
    }
  }
}

std::byte* Workspace::Impl::tensor(int index) const {
  const std::size_t buffer = plan.buffers[static_cast<std::size_t>(index)];
  return arena.data() + plan.arena.offsets[buffer];
}

const dnnl::memory::desc& Workspace::Impl::desc(int index) const {
  return plan.tensors[static_cast<std::size_t>(index)];
}

void Workspace::Impl::bind_gradients(float* base) {
  gradients_base = base;
  for (auto& [offset, memory] : gradients) memory.set_data_handle(base + offset);
}

namespace {

struct RunStep {
  Workspace::Impl& workspace;
  std::size_t index;

  bool holds_bf16(int tensor) const {
    return dnnl_compat::data_type_of(workspace.desc(tensor)) == dnnl::memory::data_type::bf16;
  }
  template <typename Element>
  Element* at(int tensor) const {
    return reinterpret_cast<Element*>(workspace.tensor(tensor));
  }
  template <typename Element>
  Element* at_or_null(int tensor) const {
    return tensor < 0 ? nullptr : at<Element>(tensor);
  }
  template <typename Element>
  std::size_t count(int tensor) const {
    return workspace.desc(tensor).get_size() / sizeof(Element);
  }

  void operator()(const CallerStep&) const {}
  void operator()(const PrimitiveStep& step) const {
    const auto& arguments = workspace.arguments[index];
    const dnnl_status_t status = dnnl_primitive_execute(step.primitive.get(), workspace.stream.get(),
                                                        static_cast<int>(arguments.size()), arguments.data());
    if (status != dnnl_success)
      throw ComputeError("step " + std::to_string(index) + " failed: oneDNN status " +
                         std::to_string(status));
  }
  void operator()(const ActivationBackwardStep& step) const {
    const TrainingKernels& kernels = workspace.plan.vector_kernels;
    if (holds_bf16(step.dst))
      kernels.activation_backward_bf16(step.op, count<Bf16>(step.dst), at<Bf16>(step.dst),
                                       at<Bf16>(step.diff_dst), at<Bf16>(step.diff_src));
    else
      kernels.activation_backward(step.op, count<float>(step.dst), at<float>(step.dst),
                                  at<float>(step.diff_dst), at<float>(step.diff_src));
  }
  // Calls run(a, b) with the first element of both halves of a pair, as offsets, and of its result.
  template <typename Run>
  static void for_each_pair(const GateHalves& halves, Run&& run) {
    for (std::size_t pair = 0; pair < halves.count; ++pair)
      run(2 * pair * halves.size, (2 * pair + 1) * halves.size, pair * halves.size);
  }
  template <typename Element, typename Gate>
  void gate(const GateForwardStep& step, Gate kernel) const {
    const Element* src = at<Element>(step.gate.src);
    Element* dst = at<Element>(step.dst);
    for_each_pair(step.gate.halves, [&](std::size_t a, std::size_t b, std::size_t to) {
      kernel(step.gate.halves.size, src + a, src + b, dst + to);
    });
  }
  template <typename Element, typename Gate>
  void gate_backward(const GateBackwardStep& step, Gate kernel) const {
    const Element *src = at<Element>(step.gate.src), *diff_dst = at<Element>(step.diff_dst);
    Element* diff_src = at<Element>(step.diff_src);
    for_each_pair(step.gate.halves, [&](std::size_t a, std::size_t b, std::size_t from) {
      kernel(step.gate.halves.size, src + a, src + b, diff_dst + from, diff_src + a, diff_src + b);
    });
  }

  void operator()(const GateForwardStep& step) const {
    const TrainingKernels& kernels = workspace.plan.vector_kernels;
    if (holds_bf16(step.dst))
      gate<Bf16>(step, kernels.gate_bf16);
    else
      gate<float>(step, kernels.gate);
  }
  void operator()(const GateBackwardStep& step) const {
    const TrainingKernels& kernels = workspace.plan.vector_kernels;
    if (holds_bf16(step.diff_src))
      gate_backward<Bf16>(step, kernels.gate_backward_bf16);
    else
      gate_backward<float>(step, kernels.gate_backward);
  }
  void operator()(const EmbeddingForwardStep& step) const {
    const EmbeddingLookup& lookup = step.lookup;
    embed(lookup.op, lookup.images, lookup.maps, at<float>(step.src), parameters(lookup.table),
          at<float>(step.dst));
  }
  void operator()(const EmbeddingBackwardStep& step) const {
    const EmbeddingLookup& lookup = step.lookup;
    embed_backward(lookup.op, lookup.images, lookup.maps, at<float>(step.src), at<float>(step.diff_dst),
                   workspace.gradients_base + lookup.table);
  }
  void operator()(const SumStep& step) const {
    const TrainingKernels& kernels = workspace.plan.vector_kernels;
    if (holds_bf16(step.dst))
      kernels.sum_bf16(count<Bf16>(step.dst), at<Bf16>(step.a), at<Bf16>(step.b), at<Bf16>(step.dst));
    else
      kernels.sum(count<float>(step.dst), at<float>(step.a), at<float>(step.b), at<float>(step.dst));
  }
  // Which row of the table is each image's.
  const int* rows_of(const VectorTable& table) const {
    return table.tensor >= 0 ? workspace.in_order.data() : workspace.given.classes.data();
  }
  const float* parameters(std::size_t offset) const {
    return reinterpret_cast<const float*>(workspace.biases + offset * sizeof(float));
  }
  void operator()(const AddVectorsStep& step) const {
    const TrainingKernels& kernels = workspace.plan.vector_kernels;
    const VectorTable& table = step.table;
    const ClassVectors vectors{
        .layout = step.layout,
        .classes = rows_of(table),
        .table = table.tensor >= 0 ? at<float>(table.tensor) : parameters(table.offset),
        .activation = step.activation ? &*step.activation : nullptr};
    if (holds_bf16(step.dst))
      kernels.add_class_vectors_bf16(vectors, at<Bf16>(step.src), at<Bf16>(step.dst));
    else
      kernels.add_class_vectors(vectors, at<float>(step.src), at<float>(step.dst));
  }
  void operator()(const SumVectorsStep& step) const {
    const TrainingKernels& kernels = workspace.plan.vector_kernels;
    const VectorTable& table = step.table;
    float* const sums = table.tensor >= 0 ? at<float>(table.tensor) : workspace.gradients_base + table.offset;
    std::fill_n(sums, table.rows * step.layout.maps, 0.0f);
    if (holds_bf16(step.diff_dst))
      kernels.sum_by_class_bf16(step.layout, rows_of(table), at<Bf16>(step.diff_dst), sums);
    else
      kernels.sum_by_class(step.layout, rows_of(table), at<float>(step.diff_dst), sums);
  }
  void operator()(const GivenVectorsStep& step) const {
    const auto& [images, numbers, maps, table] = step.vectors;
    make_given_vectors(images, numbers, maps, workspace.given.values.data(), parameters(table),
                       at<float>(step.dst));
  }
  void operator()(const GivenGradientStep& step) const {
    const auto& [images, numbers, maps, table] = step.vectors;
    make_given_gradient(images, numbers, maps, workspace.given.values.data(), at<float>(step.sums),
                        workspace.gradients_base + table);
  }
  void operator()(const DropoutPassStep& step) const {
    constexpr double kNumbers = 65536.0;  // 16 bits
    const double dropped = std::min(std::round(step.rate * kNumbers), kNumbers - 1.0);
    const DropoutPass pass{.layout = step.layout,
                           .key = workspace.dropout.key,
                           .node = static_cast<std::uint32_t>(step.node),
                           .first_image = workspace.dropout.first_image,
                           .dropped = static_cast<std::uint32_t>(dropped),
                           .scale = static_cast<float>(kNumbers / (kNumbers - dropped))};
    const TrainingKernels& kernels = workspace.plan.vector_kernels;
    if (holds_bf16(step.dst))
      kernels.dropout_bf16(pass, at<Bf16>(step.src), at<Bf16>(step.dst));
    else
      kernels.dropout(pass, at<float>(step.src), at<float>(step.dst));
  }
  void operator()(const WeightGradientStep& step) const {
    WeightGradient gradient = step.gradient;
    gradient.taps = step.taps.data();
    gradient.weights = workspace.gradients_base + step.weights;
    gradient.bias = workspace.gradients_base + step.bias;
    gradient.scratch = reinterpret_cast<float*>(workspace.scratchpad.data());
    const bool plain = gradient.plain_src;
    if (plain) gradient.planes = at<float>(step.src);
    const TrainingKernels& kernels = workspace.plan.vector_kernels;
    if (holds_bf16(step.diff_dst))
      kernels.bf16_convolutions->weight_gradient(gradient, plain ? nullptr : at<Bf16>(step.src),
                                                 at<Bf16>(step.diff_dst));
    else
      kernels.weight_gradient(gradient, plain ? nullptr : at<float>(step.src), at<float>(step.diff_dst));
  }
  void operator()(const BlockedConvStep& step) const {
    BlockedConv conv = step.conv;
    conv.taps = step.taps.data();
    conv.weights =
        reinterpret_cast<const float*>(workspace.kernels + workspace.plan.kernels[step.kernel].offset);
    conv.bias = step.bias ? parameters(*step.bias) : nullptr;
    conv.activation = step.activation ? &*step.activation : nullptr;
    conv.derivative = step.derivative ? &*step.derivative : nullptr;
    conv.scratch = reinterpret_cast<float*>(workspace.scratchpad.data());
    if (holds_bf16(step.dst))
      workspace.plan.vector_kernels.bf16_convolutions->conv(conv, maps_of<Bf16>(step));
    else
      workspace.plan.vector_kernels.blocked_conv(conv, maps_of<float>(step));
  }
  template <typename Element>
  BlockedMaps<Element> maps_of(const BlockedConvStep& step) const {
    const bool planes = step.conv.source_block == 1;
    return {.src = planes ? nullptr : at<Element>(step.src),
            .planes = planes ? at<float>(step.src) : nullptr,
            .unsummed = at_or_null<Element>(step.unsummed),
            .added = at_or_null<Element>(step.added),
            .value = at_or_null<Element>(step.value),
            .dst = at<Element>(step.dst)};
  }
  template <typename ConvStep>
  PlaneConv plane_conv(const ConvStep& step) const {
    PlaneConv conv = step.conv;
    conv.taps = step.taps.data();
    conv.src = at<float>(step.src);
    conv.scratch = reinterpret_cast<float*>(workspace.scratchpad.data());
    return conv;
  }
  void operator()(const PlaneConvStep& step) const {
    const std::byte* weights = workspace.kernels + workspace.plan.kernels[step.kernel].offset;
    workspace.plan.vector_kernels.plane_conv(plane_conv(step), reinterpret_cast<const float*>(weights),
                                             parameters(step.bias), at<float>(step.dst));
  }
  void operator()(const PlaneConvBackwardStep& step) const {
    workspace.plan.vector_kernels.plane_conv_backward(plane_conv(step), at<float>(step.diff_dst),
                                                      workspace.gradients_base + step.weights,
                                                      workspace.gradients_base + step.bias);
  }
  AttentionInputs inputs_of(const LoweredAttention& attention) const {
    return {at<float>(attention.query), at<float>(attention.key), at<float>(attention.value)};
  }
  SoftmaxScale* scales_of(const LoweredAttention& attention) const {
    return attention.scales < 0 ? nullptr : at<SoftmaxScale>(attention.scales);
  }
  void operator()(const AttentionForwardStep& step) const {
    attend(step.attention.shape, workspace.plan.vector_kernels, inputs_of(step.attention),
           at<float>(step.dst), scales_of(step.attention),
           reinterpret_cast<float*>(workspace.scratchpad.data()));
  }
  void operator()(const AttentionBackwardStep& step) const {
    attend_backward(step.attention.shape, workspace.plan.vector_kernels, inputs_of(step.attention),
                    at<float>(step.dst), scales_of(step.attention), at<float>(step.diff_dst),
                    {at<float>(step.diff_query), at<float>(step.diff_key), at<float>(step.diff_value)},
                    reinterpret_cast<float*>(workspace.scratchpad.data()));
  }
  void operator()(const PositionsForwardStep& step) const {
    float* dst = at<float>(step.dst);
    for (int image_map = 0; image_map < step.shape.n * step.shape.c; ++image_map)
      for (int row = 0; row < step.shape.h; ++row)
        for (int column = 0; column < step.shape.w; ++column)
          *dst++ = image_map % 2 == 0 ? PositionsOp::place(row, step.shape.h)
                                      : PositionsOp::place(column, step.shape.w);
  }
  StateProduct state_product(std::size_t kernel) const {
    const std::byte* weights = workspace.kernels + workspace.plan.kernels[kernel].offset;
    return {&workspace.plan.product_kernel, reinterpret_cast<const std::uint32_t*>(weights)};
  }
  LstmBuffers lstm_buffers(const LstmTensors& work) const {
    return {.gates = at<float>(work.gates),
            .hidden = at<float>(work.hidden),
            .cell = at<float>(work.cell),
            .scratch = reinterpret_cast<std::uint16_t*>(workspace.scratchpad.data())};
  }
  void operator()(const LstmForwardStep& step) const {
    run_lstm(step.layer, workspace.plan.vector_kernels, state_product(step.kernel), lstm_buffers(step.work),
             workspace.tensor(step.src), workspace.tensor(step.dst));
  }
  void operator()(const LstmBackwardStep& step) const {
    run_lstm_backward(step.layer, workspace.plan.vector_kernels, state_product(step.kernel),
                      lstm_buffers(step.work),
                      {.diff_hidden = at<float>(step.diff_hidden),
                       .carry = at<float>(step.carry),
                       .before = at<float>(step.before),
                       .product = at<float>(step.product)},
                      workspace.tensor(step.diff_dst), workspace.tensor(step.diff_src),
                      workspace.gradients_base + step.gradients);
  }
  void operator()(const ZeroStep& step) const {
    std::memset(workspace.tensor(step.dst), 0, workspace.desc(step.dst).get_size());
  }
};

}  // namespace

void Workspace::Impl::run(std::size_t begin, std::size_t end) {
  const auto steps = [&] {
    for (std::size_t step = begin; step < end; ++step) std::visit(RunStep{*this, step}, plan.steps[step]);
    stream.wait();
  };
  one_thread.run(std::ref(steps));  // a copy would allocate
}

Workspace::Workspace(const Program& program, const PackedWeights& packed) {
  if (&packed.memory_->program != program.impl_.get())
    throw ComputeError(
        "packed weights of another program given to a workspace: right are those of its own program");
  impl_ = std::make_unique<Impl>(*program.impl_, *packed.memory_);
}
Workspace::~Workspace() = default;
Workspace::Workspace(Workspace&&) noexcept = default;

}  // namespace pcnn

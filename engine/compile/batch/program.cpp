#include "engine/compile/batch/program.h"

#include <cstring>

#include "engine/compile/batch/program_impl.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace pcnn {

Program::Impl::Impl(const Network& given, int image_count, Purpose purpose, const CompileOptions& options)
    : network(given), images(image_count), engine(dnnl::engine::kind::cpu, 0) {
  const SingleThreadedCompute one_thread;  // a primitive remembers the thread count of its creation
  try {
    plan = lower(engine, network, images, purpose == Purpose::kTraining, options);
  } catch (const dnnl::error& error) {
    throw ComputeError("the network cannot be compiled for images of " + network.shape(0, images).text() +
                       ": oneDNN says '" + error.what() + "'");
  }
}

PackedWeights::Memory::Memory(const Program::Impl& program)
    : kernels(program.plan.packed_bytes), biases(program.network.parameter_count() * sizeof(float)) {}

PackedWeights::PackedWeights(std::unique_ptr<Memory> memory) : memory_(std::move(memory)) {}
PackedWeights::~PackedWeights() = default;
PackedWeights::PackedWeights(PackedWeights&&) noexcept = default;

Program::Program(const Network& network, int images, Purpose purpose, const CompileOptions& options)
    : impl_(std::make_unique<const Impl>(network, images, purpose, options)) {}
Program::~Program() = default;

int Program::images() const {
  return impl_->images;
}

std::size_t Program::workspace_bytes() const {
  return impl_->plan.arena.bytes + impl_->plan.scratchpad_bytes;
}

std::size_t Program::workspace_bytes_unshared() const {
  std::size_t bytes = impl_->plan.scratchpad_bytes;
  for (const dnnl::memory::desc& tensor : impl_->plan.tensors) bytes += tensor.get_size();
  return bytes;
}

std::size_t Program::packed_bytes() const {
  return impl_->plan.packed_bytes;
}

std::vector<Implementation> Program::implementations() const {
  return impl_->plan.implementations;
}

PackedWeights Program::new_packed_weights() const {
  return PackedWeights(std::make_unique<PackedWeights::Memory>(*impl_));
}

std::size_t Program::packed_kernel_count() const {
  return impl_->plan.kernels.size();
}

void Program::pack_kernel(std::size_t index, std::span<const float> parameters, PackedWeights& packed) const {
  const PackedKernel& kernel = impl_->plan.kernels[index];
  const Parameter& parameter = impl_->network.parameters[static_cast<std::size_t>(kernel.parameter)];
  const int filters = parameter.shape[0], channels = parameter.shape[1], height = parameter.shape[2],
            width = parameter.shape[3], groups = parameter.mask.groups;
  const auto rows = static_cast<int>(kernel.plain.dims()[2]);  // the first ones of the kernel
  std::vector<float> plain(kernel.plain.get_size() / sizeof(float));
  const float* src = parameters.data() + parameter.offset;
  float* dst = plain.data();
  for (int filter = 0; filter < filters; ++filter)
    for (int channel = 0; channel < channels; ++channel, src += height * width)
      for (int tap = 0; tap < rows * width; ++tap)
        *dst++ = is_live(parameter.mask, height, width, tap / width, tap % width,
                         group_of(filter, filters, groups), group_of(channel, channels, groups))
                     ? src[tap]
                     : 0.0f;

  dnnl::memory from(kernel.plain, impl_->engine, plain.data());
  dnnl::memory to(kernel.packed, impl_->engine, packed.memory_->kernels.data() + kernel.offset);
  dnnl::stream stream(impl_->engine);
  dnnl::primitive(kernel.reorder).execute(stream, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  stream.wait();
}

void Program::pack_biases(std::span<const float> parameters, PackedWeights& packed) const {
  for (const Parameter& parameter : impl_->network.parameters)
    if (!parameter.is_kernel)
      std::memcpy(packed.memory_->biases.data() + parameter.offset * sizeof(float),
                  parameters.data() + parameter.offset, parameter.size * sizeof(float));
}

void Program::pack(std::span<const float> parameters, PackedWeights& packed) const {
  for (std::size_t kernel = 0; kernel < packed_kernel_count(); ++kernel)
    pack_kernel(kernel, parameters, packed);
  pack_biases(parameters, packed);
}

void Program::forward(Workspace& workspace, std::span<const float> images, std::span<float> logits) const {
  Workspace::Impl& run = *workspace.impl_;
  std::memcpy(run.tensor(impl_->plan.images_tensor), images.data(), images.size_bytes());
  run.run(1, impl_->plan.backward_begin);
  std::memcpy(logits.data(), run.tensor(impl_->plan.logits_tensor), logits.size_bytes());
}

void Program::backward(Workspace& workspace, std::span<const float> diff_logits,
                       std::span<float> gradients) const {
  Workspace::Impl& run = *workspace.impl_;
  std::memcpy(run.tensor(impl_->plan.diff_logits_tensor), diff_logits.data(), diff_logits.size_bytes());
  run.bind_gradients(gradients.data());
  run.run(impl_->plan.backward_begin, impl_->plan.steps.size());
}

void Program::repeat(const Implementation& implementation, Workspace& workspace,
                     std::span<float> gradients) const {
  workspace.impl_->bind_gradients(gradients.data());
  workspace.impl_->run(implementation.first_step, implementation.end_step);
}

}  // namespace pcnn

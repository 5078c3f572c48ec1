#include "engine/compile/batch/program.h"

#include <algorithm>
#include <cstring>

#include "engine/compile/batch/dnnl_compat.h"
#include "engine/compile/batch/program_impl.h"
#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/core/parallel.h"

namespace pcnn {
namespace {

void check_size(const char* what, std::size_t given, std::size_t right, const std::string& of) {
  if (given == right) return;
  throw ComputeError(std::string(what) + ": " + std::to_string(given) + " values given, right are " +
                     std::to_string(right) + " (" + of + ")");
}

void check_size(const char* what, std::size_t given, const Shape& shape) {
  check_size(what, given, shape.size(), shape.text());
}

// parameters, or what lies beside them.
void check_parameters(const char* what, std::size_t given, const Network& network) {
  check_size(what, given, network.parameter_count(), "the network's parameters");
}

void check_index(const char* what, std::size_t given, std::size_t count) {
  if (given < count) return;
  throw ComputeError(std::string(what) + ": number " + std::to_string(given) + " given, there are " +
                     std::to_string(count) + ", from 0");
}

void check_owner(const char* what, bool is_own) {
  if (!is_own)
    throw ComputeError(std::string(what) + " of another program given: right is this program's own");
}

}  // namespace

// The weights of a convolution, OIHW; dead ones are zeros whatever the masters hold.
class KernelMasters {
 public:
  KernelMasters(const Parameter& parameter, std::span<const float> parameters)
      : parameter(parameter),
        filters(parameter.shape[0]),
        channels(parameter.shape[1]),
        height(parameter.shape[2]),
        width(parameter.shape[3]),
        all(parameters.subspan(parameter.offset, parameter.size)),
        groups_(parameter.mask.groups) {
    for (int tap = 0; tap < height * width; ++tap)
      live_.push_back(groups_read(parameter.mask, height, width, tap / width, tap % width));
  }

  [[nodiscard]] float weight(int filter, int channel, int row, int column) const {
    const std::size_t tap = to_index(row * width + column);
    return reads_group(live_[tap], group_of(filter, filters, groups_), group_of(channel, channels, groups_))
               ? all[(to_index(filter) * to_index(channels) + to_index(channel)) * live_.size() + tap]
               : 0.0f;
  }

  const Parameter& parameter;
  const int filters, channels, height, width;
  const std::span<const float> all;

 private:
  const int groups_;
  std::vector<GroupsRead> live_;  // by tap of the kernel
};

void Program::Impl::pack(const ReorderedKernel& kernel, bool mirrored, const KernelMasters& masters,
                         std::byte* dst) const {
  const auto computed = dnnl_compat::dims_of(kernel.plain);  // the first rows and columns of the kernel
  const auto rows = static_cast<int>(computed[2]), columns = static_cast<int>(computed[3]);
  std::vector<float> plain(kernel.plain.get_size() / sizeof(float));
  float* to = plain.data();
  for (int out = 0; out < (mirrored ? masters.channels : masters.filters); ++out)
    for (int in = 0; in < (mirrored ? masters.filters : masters.channels); ++in)
      for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column)
          *to++ = mirrored ? masters.weight(in, out, rows - 1 - row, columns - 1 - column)
                           : masters.weight(out, in, row, column);

  dnnl::memory from_memory(kernel.plain, engine, plain.data()), to_memory(kernel.packed, engine, dst);
  dnnl::stream stream(engine);
  SingleThreadedCompute().run([&] {
    dnnl::primitive(kernel.reorder).execute(stream, {{DNNL_ARG_FROM, from_memory}, {DNNL_ARG_TO, to_memory}});
    stream.wait();
  });
}

void Program::Impl::pack(const BlockedKernel& kernel, bool mirrored, const KernelMasters& masters,
                         std::byte* dst) const {
  const BlockedWeights weights =
      blocked_weights(masters.parameter, kernel, mirrored, plan.vector_kernels.lanes);
  std::vector<float> plain;
  plain.reserve(to_index(weights.filters) * to_index(weights.in_channels) * to_index(weights.taps));
  const auto weight = [&](int filter, int channel, const KernelTap& tap) {
    return mirrored ? masters.weight(channel, filter, tap.row, tap.column)
                    : masters.weight(filter, channel, tap.row, tap.column);
  };
  for (int filter = 0; filter < weights.filters; ++filter)
    for (int channel = 0; channel < weights.in_channels; ++channel) {
      for (const KernelTap& tap : kernel.taps) plain.push_back(weight(filter, channel, tap));
      for (const TapPair& pair : kernel.pairs) {
        const int plane = channel / kMapsOfBf16Word;
        const bool is_second = channel % kMapsOfBf16Word == 1;
        plain.push_back(is_second    ? weight(filter, plane, pair.second)
                        : pair.first ? weight(filter, plane, *pair.first)
                                     : 0.0f);
      }
    }
  weights.pack(plain, reinterpret_cast<float*>(dst));
}

void Program::Impl::pack(const StateKernel&, bool mirrored, const KernelMasters& masters,
                         std::byte* dst) const {
  const std::vector<std::uint32_t> words =
      pack_state_weights(masters.all, masters.channels, masters.width, mirrored, plan.product_kernel);
  std::memcpy(dst, words.data(), words.size() * sizeof(words[0]));
}

Program::Impl::Impl(const Network& given, int image_count, Purpose purpose, const CompileOptions& options)
    : network(purpose == Purpose::kTraining ? given : without_dropout(given)),
      images(image_count),
      engine(dnnl::engine::kind::cpu, 0) {
  if (images < 1)
    throw ComputeError("the network cannot be compiled for " + std::to_string(images) +
                       " images at a time: right is 1 or more");
  try {
    SingleThreadedCompute().run(
        [&] { plan = lower(engine, network, images, purpose == Purpose::kTraining, options); });
  } catch (const dnnl::error& error) {
    throw ComputeError("the network cannot be compiled for images of " + network.shape(0, images).text() +
                       ": oneDNN says '" + error.what() + "'");
  }
}

PackedWeights::Memory::Memory(const Program::Impl& owner)
    : program(owner),
      kernels(program.plan.packed_bytes),
      biases(program.network.parameter_count() * sizeof(float)) {}

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
  check_index("packed kernel", index, packed_kernel_count());
  check_parameters("parameters to pack", parameters.size(), impl_->network);
  check_owner("packed weights", &packed.memory_->program == impl_.get());
  const PackedLayout& kernel = impl_->plan.kernels[index];
  const Parameter& parameter = impl_->network.parameters[static_cast<std::size_t>(kernel.parameter)];
  const KernelMasters masters(parameter, parameters);
  std::byte* const dst = packed.memory_->kernels.data() + kernel.offset;
  std::visit([&](const auto& form) { impl_->pack(form, kernel.mirrored, masters, dst); }, kernel.form);
}

void Program::pack_biases(std::span<const float> parameters, PackedWeights& packed) const {
  check_parameters("parameters to pack", parameters.size(), impl_->network);
  check_owner("packed weights", &packed.memory_->program == impl_.get());
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

void Program::forward(Workspace& workspace, std::span<const float> images, std::span<float> logits,
                      const Given& given, const DropoutKey& dropout) const {
  Workspace::Impl& run = *workspace.impl_;
  const Network& network = impl_->network;
  check_owner("workspace", &run.plan == &impl_->plan);
  check_size("images", images.size(), network.shape(0, impl_->images));
  check_size("logits", logits.size(), network.shape(network.logits, impl_->images));
  check_given(given, network, to_index(impl_->images));
  std::memcpy(run.tensor(impl_->plan.caller.images), images.data(), images.size_bytes());
  if (impl_->plan.caller.given_maps >= 0)
    std::memcpy(run.tensor(impl_->plan.caller.given_maps), given.values.data(), given.values.size_bytes());
  else
    run.given.take(given, 0);
  run.dropout = dropout;
  run.run(1, impl_->plan.backward_begin);
  std::memcpy(logits.data(), run.tensor(impl_->plan.caller.logits), logits.size_bytes());
}

void Program::backward(Workspace& workspace, std::span<const float> diff_logits,
                       std::span<float> gradients) const {
  Workspace::Impl& run = *workspace.impl_;
  const Network& network = impl_->network;
  if (impl_->plan.caller.diff_logits < 0)
    throw ComputeError("a backward pass of a program for inference: right is one for training");
  check_owner("workspace", &run.plan == &impl_->plan);
  check_size("gradients of the logits", diff_logits.size(), network.shape(network.logits, impl_->images));
  check_parameters("gradients", gradients.size(), network);
  std::memcpy(run.tensor(impl_->plan.caller.diff_logits), diff_logits.data(), diff_logits.size_bytes());
  run.bind_gradients(gradients.data());
  run.run(impl_->plan.backward_begin, impl_->plan.steps.size());
}

void Program::repeat(const Implementation& implementation, Workspace& workspace,
                     std::span<float> gradients) const {
  check_owner("workspace", &workspace.impl_->plan == &impl_->plan);
  check_parameters("gradients", gradients.size(), impl_->network);
  check_index("end of the steps to repeat", implementation.end_step, impl_->plan.steps.size() + 1);
  check_index("first step to repeat", implementation.first_step, implementation.end_step + 1);
  workspace.impl_->bind_gradients(gradients.data());
  workspace.impl_->run(implementation.first_step, implementation.end_step);
}

}  // namespace pcnn

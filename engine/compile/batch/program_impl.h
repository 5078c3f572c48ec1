#pragma once

// What program.h hides. Inside compile/ only.

#include <oneapi/dnnl/dnnl.hpp>
#include <utility>
#include <vector>

#include "engine/compile/aligned_buffer.h"
#include "engine/compile/batch/plan.h"
#include "engine/compile/batch/program.h"
#include "engine/core/parallel.h"

namespace pcnn {

class KernelMasters;  // program.cpp

struct Program::Impl {
  Impl(const Network& given, int image_count, Purpose purpose, const CompileOptions& options);

  // Masked weights to their place in the packed ones.
  void pack(const ReorderedKernel& kernel, bool mirrored, const KernelMasters& masters, std::byte* dst) const;
  void pack(const BlockedKernel& kernel, bool mirrored, const KernelMasters& masters, std::byte* dst) const;
  void pack(const StateKernel& kernel, bool mirrored, const KernelMasters& masters, std::byte* dst) const;

  Network network;
  int images;
  dnnl::engine engine;
  Plan plan;
};

struct PackedWeights::Memory {
  explicit Memory(const Program::Impl& owner);

  const Program::Impl& program;
  AlignedBuffer kernels;
  AlignedBuffer biases;  // at their offsets in the flat parameters
};

struct Workspace::Impl {
  Impl(const Program::Impl& program, const PackedWeights::Memory& packed);

  // Runs steps [begin, end) of the plan.
  void run(std::size_t begin, std::size_t end);
  [[nodiscard]] std::byte* tensor(int index) const;
  [[nodiscard]] const dnnl::memory::desc& desc(int index) const;
  void bind_gradients(float* gradients);

  const Plan& plan;
  const std::byte* kernels;   // packed
  const std::byte* biases;    // packed
  GivenBatch given;           // of the images of the last forward pass
  std::vector<int> in_order;  // 0, 1, 2 ...: the images
  DropoutKey dropout;         // of the last forward pass
  AlignedBuffer arena;
  AlignedBuffer scratchpad;
  SingleThreadedCompute one_thread;
  dnnl::stream stream;
  // Arguments of every primitive step, resolved to memory once, so that a run only calls the primitives.
  std::vector<std::vector<dnnl_exec_arg_t>> arguments;
  std::vector<dnnl::memory> memories;                           // what `arguments` points to
  std::vector<std::pair<std::size_t, dnnl::memory>> gradients;  // float offset in the caller's buffer
  float* gradients_base = nullptr;                              // the caller's buffer
};

}  // namespace pcnn

#pragma once

// The compiled network: built once, then immutable and shared by every thread. One Workspace per task holds
// what changes. oneDNN stays behind this header.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/backend.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/model/given.h"
#include "engine/model/network.h"

namespace pcnn {

// What a Program is for: inference keeps only what the next layer reads; training keeps what the backward
// pass needs.
enum class Purpose { kInference, kTraining };

// Every span, index and companion (workspace, packed weights) handed to what follows is checked in release
// builds too, before anything is read or written: ComputeError says what was given and what is right.

// What computes an op, for tests, tables and profiles: ("input", "forward", "jit:avx512_common").
struct Implementation {
  std::string op;
  std::string direction;
  std::string name;
  // For Program::repeat(): steps [first_step, end_step), which are the primitive and what copies its operands
  // into its layouts.
  std::size_t first_step = 0;
  std::size_t end_step = 0;
};

struct CompileOptions {
  Precision precision = Precision::kF32;
  TrainingKernels kernels = training_kernels().back();
  // false computes the dead rows of kernels too, as programs that multiply kernels by a mask do, and computes
  // every weight gradient with oneDNN, which knows no mask: for benchmarks and checks.
  bool crop_kernels = true;
};

// What the numbers of dropout are drawn by: they follow from this, the op, and the place of a value among the
// images. Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
struct DropoutKey {
  std::array<std::uint32_t, 2> key{};  // of a step
  std::uint32_t first_image = 0;       // of its batch: which of them is the first one given
};

class Program;

// Masked weights in the layouts the primitives want. Written by Program::pack, read by every workspace bound
// to it.
class PackedWeights {
 public:
  ~PackedWeights();
  PackedWeights(PackedWeights&&) noexcept;

  struct Memory;

 private:
  friend class Program;
  friend class Workspace;
  explicit PackedWeights(std::unique_ptr<Memory> memory);
  std::unique_ptr<Memory> memory_;
};

// One task's activations, gradients and scratchpad. Not thread-safe; the Program and PackedWeights it was
// made from must outlive it.
class Workspace {
 public:
  Workspace(const Program& program, const PackedWeights& packed);
  ~Workspace();
  Workspace(Workspace&&) noexcept;

  struct Impl;

 private:
  friend class Program;
  std::unique_ptr<Impl> impl_;
};

// Immutable after construction: every method may be called from several threads at once, each with a
// workspace of its own. Keeps a copy of the network.
class Program {
 public:
  // Compiles for batches of exactly `images` images. Throws ComputeError where there are none, or when oneDNN
  // refuses the network.
  // Whatever computes does so on the calling thread alone.
  Program(const Network& network, int images, Purpose purpose, const CompileOptions& options = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] int images() const;
  [[nodiscard]] std::size_t workspace_bytes() const;           // of each Workspace
  [[nodiscard]] std::size_t workspace_bytes_unshared() const;  // had every tensor bytes of its own
  [[nodiscard]] std::size_t packed_bytes() const;              // of each PackedWeights

  [[nodiscard]] PackedWeights new_packed_weights() const;
  // Kernels are packed one by one, so the caller may share them out: `kernel` in [0, packed_kernel_count()).
  [[nodiscard]] std::size_t packed_kernel_count() const;
  // parameters: the flat f32 masters. Dead weights are packed as zeros whatever the masters hold.
  void pack_kernel(std::size_t kernel, std::span<const float> parameters, PackedWeights& packed) const;
  void pack_biases(std::span<const float> parameters, PackedWeights& packed) const;
  // All of the above, one after the other.
  void pack(std::span<const float> parameters, PackedWeights& packed) const;

  // images: NCHW as fed to the network; logits: NCHW. given: of each image, what the network's condition is.
  // dropout: of a program for training; one for inference computes without. Allocates nothing. Thread-safe on
  // different workspaces.
  void forward(Workspace& workspace, std::span<const float> images, std::span<float> logits,
               const Given& given = {}, const DropoutKey& dropout = {}) const;
  // After forward() on the same workspace, of a program for training. Writes d(loss)/d(parameters) of this
  // batch over `gradients` (parameter order). What it writes at dead taps, if anything, means nothing: see
  // zero_dead_weights. Cropped kernels leave taps outside their live box alone.
  void backward(Workspace& workspace, std::span<const float> diff_logits, std::span<float> gradients) const;

  // Computes one op's steps once more, on whatever forward() and backward() left in the workspace: for
  // benchmarks. `gradients` as in backward().
  void repeat(const Implementation& implementation, Workspace& workspace, std::span<float> gradients) const;

  // In order of execution.
  [[nodiscard]] std::vector<Implementation> implementations() const;

  struct Impl;

 private:
  friend class Workspace;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace pcnn

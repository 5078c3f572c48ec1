#pragma once

// The compiled form of a network before memory is given out: steps over tensors. Inside compile/ only.

#include <cstddef>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/compile/arena_plan.h"
#include "engine/compile/batch/layouts.h"
#include "engine/compile/batch/plan_steps.h"
#include "engine/compile/batch/program.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/model/network.h"

namespace pcnn {

// As a primitive wants it.
struct ReorderedKernel {
  dnnl::memory::desc plain;  // f32 OIHW, of the kernel the first rows and columns: its live box, if cropped
  dnnl::memory::desc packed;
  dnnl::primitive reorder;  // plain -> packed
};

// For a BlockedConv with these taps, or pairs of them.
struct BlockedKernel {
  std::vector<KernelTap> taps;
  std::vector<TapPair> pairs;  // of planes in bf16, in place of taps
  int channel_block = 0;       // see BlockedWeights
  int maps_of_word = 1;
};

[[nodiscard]] BlockedWeights blocked_weights(const Parameter& parameter, const BlockedKernel& kernel,
                                             bool mirrored, int lanes);

// Of an LSTM's states: see pack_state_weights(), whose `transposed` is `mirrored`.
struct StateKernel {};

// Masked weights of one convolution in one layout.
struct PackedLayout {
  int parameter = 0;      // index into Network::parameters
  bool mirrored = false;  // turned by half a circle, filters and channels changed over
  std::variant<ReorderedKernel, BlockedKernel, StateKernel> form;
  std::size_t offset = 0;  // bytes, into the packed weights
};

// What the caller writes and reads, as tensors.
struct CallerTensors {
  int images = 0;
  int given_maps = -1;  // -1: there are none
  int logits = 0;
  int diff_logits = -1;  // -1 in a forward-only plan
};

struct Plan {
  std::vector<StepAction> steps;
  std::vector<dnnl::memory::desc> tensors;
  std::vector<TensorLife> lives;     // of buffers; several tensors may share one
  std::vector<std::size_t> buffers;  // tensor -> index into lives and arena.offsets
  ArenaPlan arena;
  std::vector<PackedLayout> kernels;
  std::size_t packed_bytes = 0;
  std::size_t scratchpad_bytes = 0;
  CallerTensors caller;
  std::size_t backward_begin = 0;  // steps [1, backward_begin) are the forward pass
  std::vector<Implementation> implementations;
  TrainingKernels vector_kernels;  // for the steps that are no primitives
  PixelKernel product_kernel;      // of the same instruction set, for those of LSTMs
};

// Collects steps; every method appends in order of execution.
// One thread. The engine and the network must outlive it; the finished Plan needs the engine alone.
class PlanBuilder {
 public:
  PlanBuilder(const dnnl::engine& engine, const Network& network, int images, const CompileOptions& options);

  [[nodiscard]] const dnnl::engine& engine() const { return engine_; }
  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] int images() const { return images_; }
  [[nodiscard]] bool crops_kernels() const { return crops_kernels_; }
  // Of feature maps, their gradients and packed weights.
  [[nodiscard]] dnnl::memory::data_type data_type() const;
  [[nodiscard]] const TrainingKernels& vector_kernels() const { return plan_.vector_kernels; }
  // A copy: a reference into the list of tensors would not outlive the next new_tensor().
  [[nodiscard]] dnnl::memory::desc desc(int tensor) const;

  int new_tensor(const dnnl::memory::desc& desc);
  // The tensor itself where it has this layout already, else a reordered copy.
  int in_layout(int tensor, const dnnl::memory::desc& desc);
  // a + b as a new tensor in a's layout. Where the step before is a convolution of our own that made one of
  // them, it adds the other.
  int sum(int a, int b);
  int activation_backward(const ActivationOp& op, int dst, int diff_dst);
  // The tensor itself where its layout is one that the kernels know, else a copy in planes.
  struct KnownMaps {
    int tensor;
    MapLayout layout;
  };
  KnownMaps in_known_layout(int tensor);
  // To a new tensor of this layout.
  int gate(const LoweredGate& gate, const dnnl::memory::desc& dst);
  int gate_backward(const LoweredGate& gate, int dst, int diff_dst);
  int embedding(const EmbeddingLookup& lookup, int src, const dnnl::memory::desc& dst);
  void embedding_backward(const EmbeddingLookup& lookup, int src, int diff_dst);
  // activation(src + the vector of the image), in src's layout where the kernels know that.
  int add_vectors(const VectorTable& table, const std::optional<ActivationOp>& activation, int src);
  // diff_dst: the gradient of what the vectors were added in.
  void sum_vectors(const VectorTable& table, int diff_dst);
  // To a new tensor of this layout.
  int given_vectors(const GivenVectors& vectors, const dnnl::memory::desc& dst);
  void given_gradient(const GivenVectors& vectors, int sums);
  // Of a node's value, or of the gradient of it; in src's layout where the kernels know that.
  int dropout(int node, const DropoutOp& op, int src);
  void weight_gradient(WeightGradientStep step);
  // A copy in blocks as wide as the kernels' vectors, of the plan's type or another, where it is not.
  int in_blocks(int tensor);
  int in_blocks(int tensor, dnnl::memory::data_type type);
  int new_blocks(const Shape& shape);
  [[nodiscard]] bool is_in_blocks(int tensor) const;
  // Returns step.dst, which may be computed in place of `added` or `value`.
  int blocked_conv(BlockedConvStep step);
  // Index of the kernel packed for such a convolution: once for each direction.
  std::size_t packed_blocks(int parameter, BlockedKernel kernel, bool mirrored);
  void plane_conv(PlaneConvStep step);
  void plane_conv_backward(PlaneConvBackwardStep step);
  // All of it in the layout of batch/attention.h; returns the results.
  int attention(const LoweredAttention& attention);
  struct AttentionDiffs {
    int query = 0;
    int key = 0;
    int value = 0;
  };
  AttentionDiffs attention_backward(const LoweredAttention& attention, int dst, int diff_dst);
  int positions(const Shape& shape);
  // So many floats of a step's own.
  int new_floats(std::size_t count);
  [[nodiscard]] const PixelKernel& product_kernel() const { return plan_.product_kernel; }
  void lstm(LstmForwardStep step);
  void lstm_backward(LstmBackwardStep step);
  // Index of the weights of an LSTM's states, packed.
  std::size_t packed_states(int parameter, bool transposed);
  // Whole maps, in each channel group those of a before those of b, as planes of f32.
  int concatenation(int a, int b);
  // So many maps of each channel group of src, from map `first` of the group on, as planes of f32. src is
  // such.
  int maps_of(int src, int first, int maps);
  // A copy of src with these around it, and of what lies inside them.
  int with_zeros(int src, const StoredZeros& zeros);
  int without_zeros(int src, const StoredZeros& zeros);
  // Index of the kernel packed for this weights layout (any other layout than plain OIHW is reordered to).
  std::size_t packed_kernel(int parameter, const dnnl::memory::desc& layout, bool mirrored = false);

  // Arguments: tensors read and written, then whatever else. The scratchpad is added here.
  struct Arguments {
    std::vector<std::pair<int, int>> reads;   // DNNL_ARG, tensor
    std::vector<std::pair<int, int>> writes;  // DNNL_ARG, tensor
    std::vector<std::pair<int, Operand>> others;
  };
  void primitive(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad, Arguments arguments);
  // Of the steps appended since `first_step`.
  void note_implementation(int node, const char* direction, const char* name, std::size_t first_step);

  // The caller's turn: tensors it writes and reads there.
  void caller(std::span<const int> reads, std::span<const int> writes);
  [[nodiscard]] std::size_t step_count() const { return plan_.steps.size(); }

  // Closes the plan: lets elementwise results take over the buffer of an operand that dies there, then gives
  // out the arena.
  [[nodiscard]] Plan finish(const CallerTensors& caller, std::size_t backward_begin) &&;

 private:
  // Between these parts of the two tensors.
  void reorder(int src, const dnnl::memory::desc& from, int dst, const dnnl::memory::desc& to);
  // The sum as part of the step before; -1 where it is none that can.
  int sum_in_last_step(int a, int b);
  std::size_t append_packed(PackedLayout layout, std::size_t bytes);
  void append(StepAction action, std::span<const int> reads, std::span<const int> writes);
  // dst may be computed in the buffer of src, element by element.
  struct InPlace {
    int src;
    int dst;
    int step;
  };

  const dnnl::engine& engine_;
  const Network& network_;
  int images_;
  Precision precision_;
  bool crops_kernels_;
  Plan plan_;
  std::vector<TensorLife> tensor_lives_;
  std::vector<InPlace> in_place_;
};

// Network -> plan. With `backward`, gradients of all parameters follow the forward pass.
[[nodiscard]] Plan lower(const dnnl::engine& engine, const Network& network, int images, bool backward,
                         const CompileOptions& options);

}  // namespace pcnn

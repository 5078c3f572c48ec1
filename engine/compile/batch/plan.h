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
#include "engine/compile/batch/attention.h"
#include "engine/compile/batch/lstm.h"
#include "engine/compile/batch/program.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/model/network.h"

namespace pcnn {

// A memory a primitive reads or writes, and the layout it sees there.
struct Operand {
  enum class Home {
    kTensor,     // index: tensor of the plan
    kPacked,     // index: packed weights of the plan
    kGradients,  // index: float offset into the caller's gradient buffer
    kBias,       // index: float offset into the packed biases
    kScratchpad,
  };
  Home home = Home::kTensor;
  std::size_t index = 0;
  dnnl::memory::desc desc;
};

// Zero rows above and below and zero columns beside a tensor's maps, stored with them in place of a
// primitive's padding.
struct StoredZeros {
  int above = 0;
  int below = 0;
  int left = 0;
  int right = 0;
  [[nodiscard]] bool any() const { return above > 0 || below > 0 || left > 0 || right > 0; }
  friend bool operator==(const StoredZeros&, const StoredZeros&) = default;
};

struct PrimitiveStep {
  dnnl::primitive primitive;
  std::vector<std::pair<int, Operand>> arguments;  // DNNL_ARG_...
};

// diff_src = diff_dst * f'(src), f' computed from dst = f(src). All three share one layout.
struct ActivationBackwardStep {
  ActivationOp op;
  int dst = 0;
  int diff_dst = 0;
  int diff_src = 0;
};

// The halves of a gate's source: pairs of runs of floats that follow each other, a, b, a, b; the result has a
// run for each pair.
struct GateHalves {
  std::size_t count = 0;  // pairs
  std::size_t size = 0;   // elements of a run
};

// A gate whose source has found a layout.
struct LoweredGate {
  GateHalves halves;
  int src = 0;
};

struct GateForwardStep {
  LoweredGate gate;
  int dst = 0;
};

// diff_src in the layout of the source.
struct GateBackwardStep {
  LoweredGate gate;
  int diff_dst = 0;
  int diff_src = 0;
};

// Images, the maps they become, and where the table is: a float offset into the packed biases, and into the
// caller's gradients.
struct EmbeddingLookup {
  EmbeddingOp op;
  Shape images;
  int maps = 0;
  std::size_t table = 0;
};

struct EmbeddingForwardStep {
  EmbeddingLookup lookup;
  int src = 0;
  int dst = 0;
};

struct EmbeddingBackwardStep {
  EmbeddingLookup lookup;
  int src = 0;
  int diff_dst = 0;
};

// dst = a + b, one layout.
struct SumStep {
  int a = 0;
  int b = 0;
  int dst = 0;
};

// Vectors to be added to the maps of images, [row][map]: those of classes, of which an image has the one of
// its class; or a tensor with one for each image.
struct VectorTable {
  int tensor = -1;         // -1: of classes
  std::size_t offset = 0;  // of classes, in floats: into the packed biases, or the caller's gradients
  int rows = 0;
};

// dst = activation(src + the vector of the image), one layout.
struct AddVectorsStep {
  MapLayout layout;
  std::optional<ActivationOp> activation;
  VectorTable table;
  int src = 0;
  int dst = 0;
};

// The table's gradient; zero for classes that no image is of.
struct SumVectorsStep {
  MapLayout layout;
  VectorTable table;
  int diff_dst = 0;
};

// dst = dropout(src), of a value or of a gradient, one layout.
struct DropoutPassStep {
  MapLayout layout;
  double rate = 0.0;
  int node = 0;
  int src = 0;
  int dst = 0;
};

// See given_vectors.h. table: a float offset into the packed biases, and into the caller's gradients.
struct GivenVectors {
  std::size_t images = 0;
  std::size_t numbers = 0;
  std::size_t maps = 0;
  std::size_t table = 0;
};

struct GivenVectorsStep {
  GivenVectors vectors;
  int dst = 0;
};

struct GivenGradientStep {
  GivenVectors vectors;
  int sums = 0;
};

// Into the caller's gradient buffer, at these float offsets.
struct WeightGradientStep {
  WeightGradient gradient;  // without its pointers
  std::vector<KernelTap> taps;
  int src = 0;
  int diff_dst = 0;
  std::size_t weights = 0;
  std::size_t bias = 0;
};

// See PlaneConv. kernel: index into the packed weights; bias: a float offset into the packed biases.
struct PlaneConvStep {
  PlaneConv conv;  // without its pointers
  std::vector<KernelTap> taps;
  int src = 0;
  std::size_t kernel = 0;
  std::size_t bias = 0;
  int dst = 0;
};

// Into the caller's gradient buffer, at these float offsets.
struct PlaneConvBackwardStep {
  PlaneConv conv;  // without its pointers
  std::vector<KernelTap> taps;
  int src = 0;
  int diff_dst = 0;
  std::size_t weights = 0;
  std::size_t bias = 0;
};

// Tensors, see LstmBuffers; kernel: index into the packed weights.
struct LstmTensors {
  int gates = 0;
  int hidden = 0;
  int cell = 0;
};

struct LstmForwardStep {
  LstmLayer layer;
  LstmTensors work;
  int src = 0;
  int dst = 0;
  std::size_t kernel = 0;
};

// gradients: a float offset into the caller's gradient buffer.
struct LstmBackwardStep {
  LstmLayer layer;
  LstmTensors work;
  int diff_hidden = 0;  // see LstmBackwardBuffers
  int carry = 0;
  int before = 0;
  int product = 0;
  int diff_dst = 0;
  int diff_src = 0;
  std::size_t kernel = 0;
  std::size_t gradients = 0;
};

struct ZeroStep {
  int dst = 0;
};

// Of an attention as it is computed, see batch/attention.h: its maps in this order.
struct LoweredAttention {
  AttentionShape shape;
  int query = 0;
  int key = 0;
  int value = 0;
  int scales = -1;  // of the softmax, for the backward pass; -1: there is none
};

struct AttentionForwardStep {
  LoweredAttention attention;
  int dst = 0;
};

struct AttentionBackwardStep {
  LoweredAttention attention;
  int dst = 0;
  int diff_dst = 0;
  int diff_query = 0;
  int diff_key = 0;
  int diff_value = 0;
};

// Planes of f32, see PositionsOp.
struct PositionsForwardStep {
  Shape shape;
  int dst = 0;
};

// Between two runs of steps the caller reads and writes tensors: images in, logits out, d(loss)/d(logits) in.
struct CallerStep {};

using StepAction =
    std::variant<CallerStep, PrimitiveStep, ActivationBackwardStep, GateForwardStep, GateBackwardStep,
                 EmbeddingForwardStep, EmbeddingBackwardStep, SumStep, AddVectorsStep, SumVectorsStep,
                 GivenVectorsStep, GivenGradientStep, DropoutPassStep, WeightGradientStep, PlaneConvStep,
                 PlaneConvBackwardStep, LstmForwardStep, LstmBackwardStep, ZeroStep, AttentionForwardStep,
                 AttentionBackwardStep, PositionsForwardStep>;

// Masked weights of one convolution in the layout one primitive wants.
struct PackedLayout {
  int parameter = 0;         // index into Network::parameters
  bool mirrored = false;     // turned by half a circle, filters and channels changed over: IOHW
  dnnl::memory::desc plain;  // f32 OIHW, of the kernel the first rows and columns: its live box, if cropped
  dnnl::memory::desc packed;
  dnnl::primitive reorder;    // plain -> packed
  std::size_t offset = 0;     // bytes, into the packed weights
  bool is_of_states = false;  // of an LSTM: see pack_state_weights(); whose `transposed` is `mirrored`
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
  // a + b as a new tensor in a's layout.
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

// The tag of a layout that our own kernels know: planes, blocks of maps, or the maps of a pixel side by side.
[[nodiscard]] std::optional<dnnl::memory::format_tag> known_tag(const dnnl::memory::desc& desc);
// Of such a layout.
[[nodiscard]] MapLayout map_layout(const dnnl::memory::desc& desc);
// The same layout for other dimensions where it is known, else planes.
[[nodiscard]] dnnl::memory::desc with_dims(const dnnl::memory::desc& desc, const dnnl::memory::dims& dims);

// NCHW order of dimensions: any layout of this type, or plain f32.
[[nodiscard]] dnnl::memory::desc any_layout(const Shape& shape, dnnl::memory::data_type type);
[[nodiscard]] dnnl::memory::desc plain_layout(const Shape& shape);
// Attributes every primitive gets: the scratchpad comes from the caller. A fresh object each time, since
// copies of a primitive_attr share one handle.
[[nodiscard]] dnnl::primitive_attr fresh_attributes();

// Network -> plan. With `backward`, gradients of all parameters follow the forward pass.
[[nodiscard]] Plan lower(const dnnl::engine& engine, const Network& network, int images, bool backward,
                         const CompileOptions& options);

}  // namespace pcnn

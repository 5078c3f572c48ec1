#pragma once

// The steps of a compiled network, over tensors of its plan: what each reads and writes. Inside compile/
// only.

#include <cstddef>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "engine/compile/batch/attention.h"
#include "engine/compile/batch/lstm.h"
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

// See BlockedConv; all maps in its layout. kernel: index into the packed weights.
struct BlockedConvStep {
  BlockedConv conv;  // without its pointers
  std::vector<KernelTap> taps;
  std::optional<ActivationOp> activation;
  std::optional<ActivationOp> derivative;
  int src = 0;
  std::size_t kernel = 0;
  std::optional<std::size_t> bias;  // a float offset into the packed biases
  int unsummed = -1;                // tensors; -1: there is none
  int added = -1;
  int value = -1;
  int dst = 0;
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
                 GivenVectorsStep, GivenGradientStep, DropoutPassStep, WeightGradientStep, BlockedConvStep,
                 PlaneConvStep, PlaneConvBackwardStep, LstmForwardStep, LstmBackwardStep, ZeroStep,
                 AttentionForwardStep, AttentionBackwardStep, PositionsForwardStep>;

}  // namespace pcnn

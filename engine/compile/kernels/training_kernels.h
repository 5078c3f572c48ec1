#pragma once

// What a program computes beside oneDNN's primitives: elementwise passes over whole buffers, whatever their
// layout, and the convolutions of convolutions.h.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/compile/kernels/attention.h"
#include "engine/compile/kernels/convolutions.h"
#include "engine/model/network.h"

namespace pcnn {

// The upper half of a float: 8 bits of significand.
using Bf16 = std::uint16_t;

// How feature maps lie: [image][block of maps][pixel][map of the block]. Planes are blocks of one map, pixels
// with all their maps one block of all. The last block may be filled up; what fills it is zero, always.
struct MapLayout {
  int images = 0;
  int maps = 0;
  int pixels = 0;
  int block = 1;
};

// A vector for each class of images, to be added to their maps; or one for each image, which is then in a
// class of its own.
struct ClassVectors {
  MapLayout layout;
  const int* classes = nullptr;              // [image]
  const float* table = nullptr;              // [class][map]
  const ActivationOp* activation = nullptr;  // null: the identity
};

// Which values one pass of dropout drops; see dropout_tile.h.
struct DropoutPass {
  MapLayout layout;
  std::array<std::uint32_t, 2> key{};  // of the numbers, and what they are counted by beside the value
  std::uint32_t node = 0;
  std::uint32_t first_image = 0;
  std::uint32_t dropped = 0;  // of 65,536
  float scale = 1.0f;         // of what is kept
};

// What an LSTM's cells compute, see LstmOp; `rows` of them side by side, each of so many maps. Gates lie
// [row][i, f, g, o][map], all else [row][map].
struct LstmCells {
  std::size_t rows = 0;
  std::size_t maps = 0;
  float* gates = nullptr;              // a; then i, f, g and o themselves
  const float* cell_before = nullptr;  // null: zero
  float* cell = nullptr;
  float* hidden = nullptr;
};

// Of the gates that LstmCells left: d(loss)/d(a) over them. carry: d(loss)/d(cell) from what came later, then
// d(loss)/d(cell_before).
struct LstmCellsBackward {
  std::size_t rows = 0;
  std::size_t maps = 0;
  float* gates = nullptr;
  const float* cell_before = nullptr;  // null: zero
  const float* cell = nullptr;
  const float* diff_hidden = nullptr;
  float* carry = nullptr;
};

// Convolutions between maps of bf16 in blocks of 16, by one kind of product. Products are summed in f32.
struct Bf16Convolutions {
  const char* name = "";      // "avx512_bf16"
  bool takes_planes = false;  // as the source
  int channel_block = 0;      // see BlockedWeights
  void (*conv)(const BlockedConv& conv, const BlockedMaps<Bf16>& maps) = nullptr;
  void (*weight_gradient)(const WeightGradient& gradient, const Bf16* src, const Bf16* diff_dst) = nullptr;
  // Floats.
  std::size_t (*conv_scratch)(const BlockedConv& conv) = nullptr;
  std::size_t (*weight_gradient_scratch)(const WeightGradient& gradient) = nullptr;
};

// One build of the kernels for one instruction set.
struct TrainingKernels {
  const char* name = "";  // "avx2"
  int lanes = 0;          // floats in a vector
  // diff_src[i] = diff_dst[i] * f'(x) with f' computed from dst[i] = f(x). diff_src may be diff_dst.
  void (*activation_backward)(const ActivationOp& op, std::size_t count, const float* dst,
                              const float* diff_dst, float* diff_src) = nullptr;
  // dst[i] = a[i] + b[i]. dst may be a or b.
  void (*sum)(std::size_t count, const float* a, const float* b, float* dst) = nullptr;
  // dst[i] = tanh(a[i]) * sigmoid(b[i]).
  void (*gate)(std::size_t count, const float* a, const float* b, float* dst) = nullptr;
  // diff_a[i] and diff_b[i] from diff_dst[i], a[i] and b[i]. diff_a may be a, and diff_b b.
  void (*gate_backward)(std::size_t count, const float* a, const float* b, const float* diff_dst,
                        float* diff_a, float* diff_b) = nullptr;
  // The same on bf16, computed in f32 and rounded to the nearest, ties to even.
  void (*activation_backward_bf16)(const ActivationOp& op, std::size_t count, const Bf16* dst,
                                   const Bf16* diff_dst, Bf16* diff_src) = nullptr;
  void (*sum_bf16)(std::size_t count, const Bf16* a, const Bf16* b, Bf16* dst) = nullptr;
  void (*gate_bf16)(std::size_t count, const Bf16* a, const Bf16* b, Bf16* dst) = nullptr;
  void (*gate_backward_bf16)(std::size_t count, const Bf16* a, const Bf16* b, const Bf16* diff_dst,
                             Bf16* diff_a, Bf16* diff_b) = nullptr;
  // dst = activation(src + the vector of the image's class). dst may be src. In bf16 computed in f32 and
  // rounded once.
  void (*add_class_vectors)(const ClassVectors& vectors, const float* src, float* dst) = nullptr;
  void (*add_class_vectors_bf16)(const ClassVectors& vectors, const Bf16* src, Bf16* dst) = nullptr;
  // gradients[class][map] += d(loss)/d(that number of the table): diff_dst, the gradient of what the vectors
  // were added in, summed over pixels, then over images in their order.
  void (*sum_by_class)(const MapLayout& layout, const int* classes, const float* diff_dst,
                       float* gradients) = nullptr;
  void (*sum_by_class_bf16)(const MapLayout& layout, const int* classes, const Bf16* diff_dst,
                            float* gradients) = nullptr;
  // dst[i] = src[i] * scale or 0, in any order of passes: of a value as of its gradient. dst may be src.
  void (*dropout)(const DropoutPass& pass, const float* src, float* dst) = nullptr;
  void (*dropout_bf16)(const DropoutPass& pass, const Bf16* src, Bf16* dst) = nullptr;
  // dst: a plane for each filter.
  void (*plane_conv)(const PlaneConv& conv, const float* weights, const float* bias, float* dst) = nullptr;
  // d(loss)/d(weights), of its taps alone, and d(loss)/d(bias).
  void (*plane_conv_backward)(const PlaneConv& conv, const float* diff_dst, float* weights,
                              float* bias) = nullptr;
  void (*lstm)(const LstmCells& cells) = nullptr;
  void (*lstm_backward)(const LstmCellsBackward& cells) = nullptr;
  // Of a row of `columns` scores of which the first `count` are there: x_j becomes exp(x_j - largest), those
  // behind them 0.
  SoftmaxScale (*softmax_row)(std::size_t count, std::size_t columns, float* row) = nullptr;
  // The same row of scores to probabilities, by what softmax_row() returned.
  void (*softmax_row_again)(std::size_t count, std::size_t columns, const SoftmaxScale& scale,
                            float* row) = nullptr;
  // diff_j = scale * p_j (diff_j - mean): of the scores, from that of the probabilities.
  void (*softmax_row_backward)(std::size_t count, std::size_t columns, const float* probabilities, float mean,
                               float scale, float* diff) = nullptr;
  // Null where oneDNN's primitives are to be used.
  void (*weight_gradient)(const WeightGradient& gradient, const float* src, const float* diff_dst) = nullptr;
  void (*blocked_conv)(const BlockedConv& conv, const BlockedMaps<float>& maps) = nullptr;
  std::optional<Bf16Convolutions> bf16_convolutions;
};

// Those this processor can run, the best one last. Never empty.
[[nodiscard]] std::span<const TrainingKernels> training_kernels();

}  // namespace pcnn

#pragma once

// An LSTM over a batch: step by step along its path, every step a product of the states before it, over all
// its places and all images at once:
//
//     rows        step y: the pixels of row y             places: columns
//     diagonals   step d: the pixels with x + y = d       places: rows    (from the right edge: x counts
//     down)
//
// What a step computes lies [place][image][value], dense, with places of zeros at both ends, so that the
// states that a step reads of the one before, moved by so many places, are one matrix inside the image and at
// its edges.

#include <cstddef>
#include <span>
#include <vector>

#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/shape.h"
#include "engine/model/ops/lstm.h"

namespace pcnn {

constexpr std::size_t kMaxStates = 64;  // that a pixel's gates read

// Immutable; safe to share.
class LstmWalk {
 public:
  // dst: of the result. keeps: every step has memory of its own, for a backward pass; else two take turns.
  LstmWalk(const LstmOp& op, const Shape& dst, bool keeps);

  [[nodiscard]] int images() const { return dst_.n; }
  [[nodiscard]] int maps() const { return dst_.c; }
  [[nodiscard]] int columns() const { return dst_.w; }
  [[nodiscard]] int steps() const { return static_cast<int>(begins_.size()) - 1; }
  // Places [first, end) of a step, and how many there are in the longest one.
  [[nodiscard]] int first(int step) const;
  [[nodiscard]] int end(int step) const;
  [[nodiscard]] int places() const { return op_.path == LstmPath::kRows ? dst_.w : dst_.h; }
  // Of the source.
  [[nodiscard]] int row(int step, int place) const;
  [[nodiscard]] int column(int step, int place) const;

  [[nodiscard]] int state_count() const { return op_.state_count; }
  // From a place to that of its state, in the step before.
  [[nodiscard]] int shift(int state) const;
  // The longest shift, which is how many places of zeros there are at either end.
  [[nodiscard]] int reach() const { return op_.path == LstmPath::kRows ? op_.state_count / 2 : 1; }
  [[nodiscard]] int down() const { return op_.down; }

  // In rows of one image's values at one place: a place from `reach` before the first one of the step on, and
  // all memory.
  [[nodiscard]] std::size_t at(int step, int place) const;
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  LstmOp op_;
  Shape dst_;
  std::vector<std::size_t> begins_;  // by step, and the end
  std::size_t rows_ = 0;
};

// One LSTM of a network, ready to run.
struct LstmLayer {
  LstmWalk walk;
  int groups = 1;
  MapLayout src;  // of four maps for each of the result
  MapLayout dst;
  bool is_bf16 = false;  // of src, dst and their gradients; all else is f32
};

// What one pass works in. In rows, see LstmWalk: of hidden and cell as many values as the result has maps, of
// gates four times as many.
struct LstmBuffers {
  float* gates = nullptr;
  float* hidden = nullptr;
  float* cell = nullptr;
  std::uint16_t* scratch = nullptr;  // of the product in bf16: lstm_scratch() bytes
};

// The product kernel, and the panels of the weights with the bias of zeros behind them: see
// pack_state_weights().
struct StateProduct {
  const PixelKernel* kernel = nullptr;
  const std::uint32_t* weights = nullptr;
};

// [panel][state][word of the depth][panel filter], then a bias of zeros. weights: OIHW of an LstmOp.
// transposed: from four maps to one, for the gradients of states.
[[nodiscard]] std::vector<std::uint32_t> pack_state_weights(std::span<const float> weights, int maps,
                                                            int state_count, bool transposed,
                                                            const PixelKernel& kernel);
[[nodiscard]] std::size_t packed_state_words(int maps, int state_count, bool transposed,
                                             const PixelKernel& kernel);
// Bytes of LstmBuffers::scratch, forward and backward.
[[nodiscard]] std::size_t lstm_scratch(const LstmWalk& walk, const PixelKernel& kernel);

void run_lstm(const LstmLayer& layer, const TrainingKernels& kernels, const StateProduct& product,
              const LstmBuffers& buffers, const void* src, void* dst);

// What the backward pass needs beside what the forward pass left.
struct LstmBackwardBuffers {
  float* diff_hidden = nullptr;  // of one step: places() * images() * maps()
  float* carry = nullptr;        // of all places: the same
  float* before = nullptr;       // [row][state][map]
  float* product = nullptr;      // [4 maps][state][map]
};

// product: of the transposed weights. Writes d(loss)/d(src), and over `gradients`, OIHW, d(loss)/d(weights).
// Leaves nothing of what the forward pass left.
void run_lstm_backward(const LstmLayer& layer, const TrainingKernels& kernels, const StateProduct& product,
                       const LstmBuffers& buffers, const LstmBackwardBuffers& backward, const void* diff_dst,
                       void* diff_src, float* gradients);

}  // namespace pcnn

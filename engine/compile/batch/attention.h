#pragma once

// Attention over whole images, forward and backward, on matrix products of oneDNN and the vector kernels of
// attention_tile.h. Scores are computed for a block of queries at a time and never kept: training keeps two
// numbers for each query and head, from which the backward pass computes the block again.
//
//              keys ->
//     queries  # # # . . . . .      #  computed, a block of queries against all keys up to its last
//      |       # # # # # # . .      .  later pixels: left out by blocks, inside a block set to 0
//      v       # # # # # # # #
//
// Source: Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention", NeurIPS 2022 (what is kept
// and what is computed again). Inside compile/ only.

#include <cstddef>

#include "engine/compile/kernels/training_kernels.h"

namespace pcnn {

// Of a batch. Maps are f32, those of a pixel side by side, head by head: [image][pixel][head][map].
struct AttentionShape {
  std::size_t images = 0;
  std::size_t pixels = 0;
  std::size_t heads = 0;
  std::size_t key = 0;  // maps of each head, here and below
  std::size_t value = 0;
};

struct AttentionInputs {
  const float* query = nullptr;
  const float* key = nullptr;
  const float* value = nullptr;
};

struct AttentionGradients {
  float* query = nullptr;
  float* key = nullptr;
  float* value = nullptr;
};

// Floats of the scratch that both need.
[[nodiscard]] std::size_t attention_scratch(const AttentionShape& shape, bool backward);

// Run on the calling thread inside SingleThreadedCompute::run(); every sum is added in one order. scales:
// [image][head][pixel], for the backward pass; null: not kept.
void attend(const AttentionShape& shape, const TrainingKernels& kernels, const AttentionInputs& inputs,
            float* dst, SoftmaxScale* scales, float* scratch);
void attend_backward(const AttentionShape& shape, const TrainingKernels& kernels,
                     const AttentionInputs& inputs, const float* dst, const SoftmaxScale* scales,
                     const float* diff_dst, const AttentionGradients& gradients, float* scratch);

}  // namespace pcnn

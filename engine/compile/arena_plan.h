#pragma once

// Where each tensor of a program lies in one block of memory, so that tensors whose lives do not meet share
// bytes. Pure integers: no tensor is looked at.

#include <cstddef>
#include <span>
#include <vector>

namespace pcnn {

// A tensor is alive from the step that writes it first to the step that reads it last, both included.
struct TensorLife {
  std::size_t bytes = 0;
  int first_step = 0;
  int last_step = 0;
};

struct ArenaPlan {
  std::vector<std::size_t> offsets;  // one per tensor, in bytes, multiples of kArenaAlignment
  std::size_t bytes = 0;             // the whole arena
};

inline constexpr std::size_t kArenaAlignment = 64;  // a cache line, and the widest vector register

// Greedy by size: the largest tensor first, each at the lowest offset where nothing alive at the same time
// lies (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, algorithm 3).
[[nodiscard]] ArenaPlan plan_arena(std::span<const TensorLife> lives);

}  // namespace pcnn

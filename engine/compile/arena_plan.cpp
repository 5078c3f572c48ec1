#include "engine/compile/arena_plan.h"

#include <algorithm>
#include <numeric>

namespace pcnn {
namespace {

std::size_t aligned(std::size_t bytes) {
  return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

bool alive_together(const TensorLife& a, const TensorLife& b) {
  return a.first_step <= b.last_step && b.first_step <= a.last_step;
}

}  // namespace

ArenaPlan plan_arena(std::span<const TensorLife> lives) {
  std::vector<std::size_t> by_size(lives.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](std::size_t a, std::size_t b) { return lives[a].bytes > lives[b].bytes; });

  ArenaPlan plan{.offsets = std::vector<std::size_t>(lives.size()), .bytes = 0};
  std::vector<std::size_t> placed;  // in order of offset
  for (const std::size_t tensor : by_size) {
    const std::size_t bytes = aligned(lives[tensor].bytes);
    std::size_t offset = 0;
    for (const std::size_t other : placed) {
      if (!alive_together(lives[tensor], lives[other])) continue;
      if (offset + bytes <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + aligned(lives[other].bytes));
    }
    plan.offsets[tensor] = offset;
    plan.bytes = std::max(plan.bytes, offset + bytes);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), tensor,
                         [&](std::size_t a, std::size_t b) { return plan.offsets[a] < plan.offsets[b]; }),
        tensor);
  }
  return plan;
}

}  // namespace pcnn

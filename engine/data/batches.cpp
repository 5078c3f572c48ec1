#include "engine/data/batches.h"

#include <numeric>
#include <utility>

namespace pcnn {

std::vector<int> permutation(int count, const RandomStream& stream, int round) {
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t last = order.size(); last-- > 1;)
    std::swap(order[last],
              order[stream.below(static_cast<std::uint32_t>(last) + 1, static_cast<std::uint32_t>(round),
                                 static_cast<std::uint32_t>(last))]);
  return order;
}

std::vector<int> epoch_order(int count, std::uint64_t seed, int epoch) {
  return permutation(count, RandomStream(seed, Stream::kShuffle), epoch);
}

}  // namespace pcnn

#pragma once

// Who reads which node: what may be fused into the convolution before it.

#include <cstddef>
#include <variant>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

class Readers {
 public:
  explicit Readers(const Network& network) : network_(network), of_(network.nodes.size()) {
    for (std::size_t node = 0; node < network.nodes.size(); ++node)
      for (const int source : sources(network.nodes[node].op))
        of_[static_cast<std::size_t>(source)].push_back(static_cast<int>(node));
  }

  // The node that alone reads this one, where its op is of this kind; else -1. The caller reads the logits.
  template <typename Wanted>
  [[nodiscard]] int only(int node) const {
    const std::vector<int>& readers = of_[static_cast<std::size_t>(node)];
    if (readers.size() != 1 || node == network_.logits) return -1;
    return std::holds_alternative<Wanted>(network_.nodes[static_cast<std::size_t>(readers[0])].op)
               ? readers[0]
               : -1;
  }

 private:
  const Network& network_;
  std::vector<std::vector<int>> of_;
};

}  // namespace pcnn

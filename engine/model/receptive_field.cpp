#include "engine/model/receptive_field.h"

#include <vector>

namespace pcnn {
namespace {

std::set<Offset> dilate(const std::set<Offset>& field, const MaskedConvOp& conv) {
  std::set<Offset> dilated;
  for (int row = 0; row < conv.kernel_height; ++row)
    for (int column = 0; column < conv.kernel_width; ++column)
      if (is_live(conv.mask, conv.kernel_height, conv.kernel_width, row, column))
        for (const auto& [down, right] : field)
          dilated.emplace(down + row - conv.kernel_height / 2, right + column - conv.kernel_width / 2);
  return dilated;
}

}  // namespace

std::set<Offset> receptive_field(const Network& network) {
  // For each node, where it is read from, relative to the logit.
  std::vector<std::set<Offset>> read_at(network.nodes.size());
  read_at[static_cast<std::size_t>(network.logits)] = {{0, 0}};
  for (std::size_t node = network.nodes.size(); node-- > 1;) {
    const Op& op = network.nodes[node].op;
    const auto* conv = std::get_if<MaskedConvOp>(&op);
    const std::set<Offset> field = conv ? dilate(read_at[node], *conv) : read_at[node];
    for (const int source : sources(op))
      read_at[static_cast<std::size_t>(source)].insert(field.begin(), field.end());
  }
  return read_at[0];
}

}  // namespace pcnn

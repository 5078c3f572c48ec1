#include "engine/model/receptive_field.h"

#include <vector>

namespace pcnn {
namespace {

// Where a node is read from, relative to the logit, by channel group of the node.
using Reads = std::vector<std::set<Offset>>;

Reads dilate(const Reads& reads, const MaskedConvOp& conv) {
  const int height = conv.kernel_height, width = conv.kernel_width, groups = conv.mask.groups;
  Reads dilated(reads.size());
  for (int row = 0; row < height; ++row)
    for (int column = 0; column < width; ++column)
      for (int to = 0; to < groups; ++to)
        for (int from = 0; from < groups; ++from)
          if (is_live(conv.mask, height, width, row, column, to, from))
            for (const auto& [down, right] : reads[static_cast<std::size_t>(to)])
              dilated[static_cast<std::size_t>(from)].emplace(down + row - height / 2,
                                                              right + column - width / 2);
  return dilated;
}

}  // namespace

std::set<Offset> receptive_field(const Network& network, int group) {
  const auto groups = static_cast<std::size_t>(network.groups);
  std::vector<Reads> read_at(network.nodes.size(), Reads(groups));
  read_at[static_cast<std::size_t>(network.logits)][static_cast<std::size_t>(group)] = {{0, 0}};
  for (std::size_t node = network.nodes.size(); node-- > 1;) {
    const Op& op = network.nodes[node].op;
    const auto* conv = std::get_if<MaskedConvOp>(&op);
    const Reads reads = conv ? dilate(read_at[node], *conv) : read_at[node];
    for (const int source : sources(op))
      for (std::size_t from = 0; from < groups; ++from)
        read_at[static_cast<std::size_t>(source)][from].insert(reads[from].begin(), reads[from].end());
  }
  std::set<Offset> field;
  for (const std::set<Offset>& channel : read_at[0]) field.insert(channel.begin(), channel.end());
  return field;
}

}  // namespace pcnn

#include "engine/model/receptive_field.h"

#include <vector>

namespace pcnn {
namespace {

// Where a node is read from, relative to the logit: rows up to height - 1 above it, columns up to width - 1
// to either side, for each channel group of the node.
class Reads {
 public:
  Reads(const Network& network)
      : groups_(network.groups),
        rows_(network.image_height),
        columns_(2 * network.image_width - 1),
        cells_(static_cast<std::size_t>(groups_ * rows_ * columns_), 0) {}

  void add(int group, int down, int right) {
    const int column = right + columns_ / 2;
    if (down > 0 || -down >= rows_ || column < 0 || column >= columns_)
      return;  // outside any image of this size
    cells_[index(group, -down, column)] = 1;
  }
  void add(const Reads& other) {
    for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i] |= other.cells_[i];
  }
  template <typename Visit>
  void for_each(int group, Visit&& visit) const {
    for (int row = 0; row < rows_; ++row)
      for (int column = 0; column < columns_; ++column)
        if (cells_[index(group, row, column)]) visit(-row, column - columns_ / 2);
  }

 private:
  std::size_t index(int group, int row, int column) const {
    return static_cast<std::size_t>((group * rows_ + row) * columns_ + column);
  }
  int groups_, rows_, columns_;
  std::vector<char> cells_;
};

Reads dilate(const Network& network, const Reads& reads, const MaskedConvOp& conv) {
  const int height = conv.kernel_height, width = conv.kernel_width, groups = conv.mask.groups;
  Reads dilated(network);
  for (int to = 0; to < groups; ++to)
    reads.for_each(to, [&](int down, int right) {
      for (int row = 0; row < live_rows(height); ++row)
        for (int column = 0; column < width; ++column)
          for (int from = 0; from < groups; ++from)
            if (is_live(conv.mask, height, width, row, column, to, from))
              dilated.add(from, down + row - height / 2, right + column - width / 2);
    });
  return dilated;
}

}  // namespace

std::set<Offset> receptive_field(const Network& network, int group) {
  std::vector<Reads> read_at(network.nodes.size(), Reads(network));
  read_at[static_cast<std::size_t>(network.logits)].add(group, 0, 0);
  for (std::size_t node = network.nodes.size(); node-- > 1;) {
    const Op& op = network.nodes[node].op;
    const auto* conv = std::get_if<MaskedConvOp>(&op);
    const Reads reads = conv ? dilate(network, read_at[node], *conv) : read_at[node];
    for (const int source : sources(op)) read_at[static_cast<std::size_t>(source)].add(reads);
  }
  std::set<Offset> field;
  for (int channel = 0; channel < network.groups; ++channel)
    read_at[0].for_each(channel, [&](int down, int right) { field.emplace(down, right); });
  return field;
}

}  // namespace pcnn

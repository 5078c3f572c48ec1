#include "engine/model/receptive_field.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/core/index.h"

namespace pcnn {
namespace {

// Where a node is read from, relative to the logit: rows up to `up` above it, columns up to `side` to either
// side, for each channel group of the node.
class ReadFrom {
 public:
  ReadFrom(int groups, int up, int side)
      : groups_(groups),
        rows_(up + 1),
        columns_(2 * side + 1),
        cells_(to_index(groups_) * to_index(rows_) * to_index(columns_), 0) {}

  void add(int group, int down, int right) {
    const int column = right + columns_ / 2;
    if (down > 0 || -down >= rows_ || column < 0 || column >= columns_)
      return;  // outside any image of this size
    cells_[cell(group, -down, column)] = 1;
  }
  // Adds what is read of an input from the places of `reader`.
  void add(const ReadFrom& reader, const Reads& input) {
    for (int to = 0; to < groups_; ++to)
      if (!input.all_earlier)
        reader.for_each(to, [&](int down, int right) { add_taps(to, down, right, input.taps); });
      else
        for (const Tap& tap : input.taps)
          for (int from = 0; from < groups_; ++from)
            if (reads_group(tap.groups, to, from)) add_up_to_last(reader, to, from, tap);
  }
  // Adds what is read through these taps, of an op's own result, from every place there, and from those
  // added: places are gone through in an order in which each comes before those that it reads.
  void close_over(const std::vector<Tap>& taps) {
    const bool goes_right =
        std::ranges::any_of(taps, [](const Tap& tap) { return tap.down == 0 && tap.right > 0; });
    for (int row = 0; row < rows_ && !taps.empty(); ++row)
      for (int i = 0; i < columns_; ++i) {
        const int column = goes_right ? i : columns_ - 1 - i;
        for (int to = 0; to < groups_; ++to)
          if (cells_[cell(to, row, column)]) add_taps(to, -row, column - columns_ / 2, taps);
      }
  }
  template <typename Visit>
  void for_each(int group, Visit&& visit) const {
    for (int row = 0; row < rows_; ++row)
      for (int column = 0; column < columns_; ++column)
        if (cells_[cell(group, row, column)]) visit(-row, column - columns_ / 2);
  }

 private:
  // What group `to` reads from this place.
  void add_taps(int to, int down, int right, const std::vector<Tap>& taps) {
    for (const Tap& tap : taps)
      for (int from = 0; from < groups_; ++from)
        if (reads_group(tap.groups, to, from)) add(from, down + tap.down, right + tap.right);
  }
  // All places up to what the tap reads at the last place of the reader: from every other one it reads less.
  void add_up_to_last(const ReadFrom& reader, int to, int from, const Tap& tap) {
    std::optional<Offset> last;
    reader.for_each(to, [&](int down, int right) {
      if (const Offset read{down + tap.down, right + tap.right}; !last || read > *last) last = read;
    });
    if (!last) return;
    for (int down = 1 - rows_; down <= last->first; ++down)
      for (int right = -(columns_ / 2); right <= columns_ / 2; ++right)
        if (Offset{down, right} <= *last) add(from, down, right);
  }
  std::size_t cell(int group, int row, int column) const {
    return (to_index(group) * to_index(rows_) + to_index(row)) * to_index(columns_) + to_index(column);
  }
  int groups_, rows_, columns_;
  std::vector<char> cells_;
};

void include(Reach& reach, int up, int side) {
  for (const auto& [other_up, other_side] : reach)
    if (other_up >= up && other_side >= side) return;
  std::erase_if(reach, [&](const auto& other) { return other.first <= up && other.second <= side; });
  reach[up] = side;
}

}  // namespace

Reach unmasked_reach(const Network& network) {
  const int furthest_up = network.image_height - 1, furthest_aside = network.image_width - 1;
  std::vector<Reach> reach(network.nodes.size());
  reach[to_index(network.logits)] = {{0, 0}};
  for (std::size_t node = network.nodes.size(); node-- > 1;) {
    const Op& op = network.nodes[node].op;
    if (!own_taps(op).empty() && !reach[node].empty())
      include(reach[node], network.image_height - 1, network.image_width - 1);
    for (const Reads& input : reads(op))
      for (const auto& [up, side] : reach[node])
        include(reach[to_index(input.node)],
                input.all_earlier ? furthest_up : std::min(up + input.up, furthest_up),
                input.all_earlier ? furthest_aside : std::min(side + input.side, furthest_aside));
  }
  return reach[0];
}

// Cells are kept as far as kernels reach, and of the nodes that are still to be visited.
std::set<Offset> receptive_field(const Network& network, int group) {
  int up = 0, side = 0;
  for (const auto& [rows, columns] : unmasked_reach(network)) {
    up = std::max(up, rows);
    side = std::max(side, columns);
  }
  std::vector<std::optional<ReadFrom>> read_from(network.nodes.size());
  const auto of = [&](int node) -> ReadFrom& {
    std::optional<ReadFrom>& places = read_from[to_index(node)];
    if (!places) places.emplace(network.groups, up, side);
    return *places;
  };
  of(network.logits).add(group, 0, 0);
  for (std::size_t node = network.nodes.size(); node-- > 1; read_from[node].reset())
    if (read_from[node]) {
      const Op& op = network.nodes[node].op;
      read_from[node]->close_over(own_taps(op));
      for (const Reads& input : reads(op)) of(input.node).add(*read_from[node], input);
    }
  std::set<Offset> field;
  for (int channel = 0; channel < network.groups; ++channel)
    of(0).for_each(channel, [&](int down, int right) { field.emplace(down, right); });
  return field;
}

}  // namespace pcnn

#pragma once

// Where the sampler keeps the vectors of nodes. Nodes that a kernel reads above or beside a pixel keep
// the rows it reads, as a ring, with columns of zeros at both sides, and nodes that see whole rows keep a row
// at least; maps that are given of the image keep all rows; what an attention reads it keeps itself
// (attention_cache.h); the others keep the span that is being computed
// and share memory by the steps they live for:
//
//     row y - 1   0 k k k k k k k 0     k  kept       [row of the ring][group][column][chain][channel]
//     row y       0 k k n n n . . 0     n  the span   that is computed now, columns x to x + 2
//
// So the vectors that a tap reads for all columns and chains of a span are one matrix, dense, chains x
// columns rows high, inside the image and at its edges. Memory grows with the image's width, and with
// its height only where maps are given of the image.

#include <cstddef>
#include <vector>

#include "engine/compile/steps.h"
#include "engine/model/network.h"

namespace pcnn {

// Neighbouring columns of one row, and the channel group whose maps are asked for there.
struct PixelSpan {
  int row = 0;
  int column = 0;  // the first
  int columns = 1;
  int group = 0;
  int place = 0;  // of the first column, in buffers that keep the span alone: not 0 inside a span of more
};

// Immutable. Offsets are in values, of whatever type, for `chains` chains and spans of at most `max_columns`
// columns. Safe to share.
class RowLayout {
 public:
  // Of every node. steps: in the order they run.
  RowLayout(const Network& network, const std::vector<Step>& steps);
  // Of some: has_room is by node; the others have no channels, and there are no cells.
  RowLayout(const Network& network, const std::vector<Step>& steps, const std::vector<bool>& has_room);

  [[nodiscard]] std::size_t values(int chains, int max_columns) const;
  // Of a node's vectors at the span, moved by `down` and `right`, in channel group `group`: the first chain's
  // at the first column.
  [[nodiscard]] std::size_t offset(int node, const PixelSpan& span, int down, int right, int group,
                                   int chains, int max_columns) const;
  // Of a node, in one channel group.
  [[nodiscard]] int channels(int node) const { return buffers_[to_index(node)].channels; }
  [[nodiscard]] int max_channels() const;
  // What an LSTM keeps beside its node: its cells, for offset() and channels() like a node.
  [[nodiscard]] int cells_of(int node) const { return cells_[to_index(node)]; }

 private:
  struct RowBuffer {
    std::size_t offset = 0;  // values per chain: into the rows, or into what the span needs for each column
    int rows = 0;            // of the ring; 0: the span alone is kept
    int padding = 0;         // columns of zeros at each side
    int channels = 0;
  };
  explicit RowLayout(const Network& network);  // nothing has room yet
  // The channels of every node, and the rows and columns that steps read.
  void note_reads(const Network& network, const std::vector<Step>& steps);
  void note_read(int node, const Tap& tap);
  void add_cells(const std::vector<Step>& steps);
  void place_rows();
  void share_span(const Network& network, const std::vector<Step>& steps);
  [[nodiscard]] int row_columns(const RowBuffer& buffer) const { return width_ + 2 * buffer.padding; }

  int width_;
  int groups_;
  std::vector<RowBuffer> buffers_;  // by node, then the cells; nodes inside a step have none
  std::vector<int> cells_;          // by node; -1: it has none
  std::size_t rows_values_ = 0;     // per chain
  std::size_t span_values_ = 0;     // per chain and column of the span
};

}  // namespace pcnn

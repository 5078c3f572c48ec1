#pragma once

// The receptive field as a picture: rows of cells around the pixel whose logits are asked for.

#include <string>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

enum class FieldCell {
  kPixel,   // the one whose logits are asked for
  kSeen,    // an earlier pixel they depend on
  kBlind,   // an earlier pixel in reach of the kernels, had they no masks, which no path through the masks
            // sees
  kBeyond,  // an earlier pixel out of reach of all kernels together
  kLater,   // drawn later
};

// The box that holds every pixel in reach above and beside, and one row below for the eye.
struct FieldGrid {
  int up = 0;                      // rows above the pixel's
  int side = 0;                    // columns to its left, and to its right
  std::vector<FieldCell> cells;    // [row][column], rows() x columns()
  int groups = 1;                  // of the network
  bool sees_own_channels = false;  // a channel sees those before it in the pixel itself

  [[nodiscard]] int rows() const { return up + 2; }
  [[nodiscard]] int columns() const { return 2 * side + 1; }
  [[nodiscard]] FieldCell cell(int row, int column) const {
    return cells[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns()) +
                 static_cast<std::size_t>(column)];
  }
  [[nodiscard]] int count(FieldCell cell) const;
};

// Earlier pixels are those of receptive_field(); what channel groups see of the pixel itself is said apart.
[[nodiscard]] FieldGrid field_grid(const Network& network);

// Lines of one character per cell, a legend with counts, and what channels see of their own pixel; ends with
// a newline. Of fields above 100 columns or rows the middle is shown, with a line that says so.
[[nodiscard]] std::string field_text(const FieldGrid& grid);

}  // namespace pcnn

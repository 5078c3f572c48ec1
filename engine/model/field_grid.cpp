#include "engine/model/field_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "engine/core/digits.h"
#include "engine/model/receptive_field.h"
#include "engine/model/summary.h"

namespace pcnn {
namespace {

constexpr int kMostColumns = 100, kMostRows = 100, kMostSpacedColumns = 50;

bool is_inside(const Reach& reach, const Offset& offset) {
  return std::ranges::any_of(reach, [&](const auto& box) {
    return -offset.first <= box.first && std::abs(offset.second) <= box.second;
  });
}

FieldCell cell_at(const Offset& offset, const std::set<Offset>& field, const Reach& reach) {
  if (offset == Offset{0, 0}) return FieldCell::kPixel;
  if (offset > Offset{0, 0}) return FieldCell::kLater;
  if (field.contains(offset)) return FieldCell::kSeen;
  return is_inside(reach, offset) ? FieldCell::kBlind : FieldCell::kBeyond;
}

char symbol(FieldCell cell) {
  switch (cell) {
    case FieldCell::kPixel:
      return '@';
    case FieldCell::kSeen:
      return '#';
    case FieldCell::kBlind:
      return 'o';
    case FieldCell::kBeyond:
      return ' ';
    case FieldCell::kLater:
      return '.';
  }
  return ' ';
}

std::string legend(const FieldGrid& grid) {
  const auto seen = static_cast<std::uint64_t>(grid.count(FieldCell::kSeen)),
             blind = static_cast<std::uint64_t>(grid.count(FieldCell::kBlind));
  std::string text = fmt::format(
      "  {}  the pixel\n  {}  seen: {} of the {} earlier pixels in reach of the kernels\n"
      "  {}  blind spot: {} that no path through the masks reaches\n  {}  later pixels\n",
      symbol(FieldCell::kPixel), symbol(FieldCell::kSeen), grouped(seen), grouped(seen + blind),
      symbol(FieldCell::kBlind), grouped(blind), symbol(FieldCell::kLater));
  if (grid.groups > 1)
    text += fmt::format("of its own pixel, each of the {} channels {}\n", grid.groups,
                        grid.sees_own_channels ? "also sees the channels before it" : "sees none");
  return text;
}

}  // namespace

int FieldGrid::count(FieldCell cell) const {
  return static_cast<int>(std::ranges::count(cells, cell));
}

FieldGrid field_grid(const Network& network) {
  const std::set<Offset> field = receptive_field(network, network.groups - 1);
  const Reach reach = unmasked_reach(network);
  FieldGrid grid;
  for (const auto& [up, side] : reach) {
    grid.up = std::max(grid.up, up);
    grid.side = std::max(grid.side, side);
  }
  for (int down = -grid.up; down <= 1; ++down)
    for (int right = -grid.side; right <= grid.side; ++right)
      grid.cells.push_back(cell_at({down, right}, field, reach));
  grid.groups = network.groups;
  grid.sees_own_channels = network.groups > 1 && field.contains({0, 0});
  return grid;
}

std::string field_text(const FieldGrid& grid) {
  const int first_row = std::max(0, grid.rows() - kMostRows),
            cut = std::max(0, (grid.columns() - kMostColumns + 1) / 2);
  const bool spaced = grid.columns() <= kMostSpacedColumns;
  std::string text;
  for (int row = first_row; row < grid.rows(); ++row) {
    std::string line = " ";
    for (int column = cut; column < grid.columns() - cut; ++column) {
      if (spaced) line += ' ';
      line += symbol(grid.cell(row, column));
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  if (first_row > 0 || cut > 0)
    text += fmt::format(
        "(the {} rows and {} columns next to the pixel; the whole field is {} up and {} to either "
        "side)\n",
        grid.rows() - first_row, grid.columns() - 2 * cut, grid.up, grid.side);
  return text + legend(grid);
}

}  // namespace pcnn

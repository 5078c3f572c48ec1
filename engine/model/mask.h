#pragma once

// The one definition of causality. Pixels are ordered by rows, left to right; a feature at pixel k may depend
// on pixels before k, and (past the first layer) on features at k. For a 5x5 kernel:
//
//     mask A  1 1 1 1 1      mask B  1 1 1 1 1        1 = live tap, 0 = dead tap
//             1 1 1 1 1              1 1 1 1 1
//             1 1 c 0 0              1 1 c 0 0        The rows below the centre are dead in both: a compiled
//             0 0 0 0 0              0 0 0 0 0        kernel stores only the live_rows() above and at it.
//             0 0 0 0 0              0 0 0 0 0
//
// Inside a pixel the image's channels are ordered too. The maps of every layer are split into `groups` equal,
// contiguous parts, one per image channel, and group g holds what may be known when channel g is predicted:
// the earlier pixels, and the channels before g of its own. So the centre tap c joins, of three groups,
//
//     mask A     to R G B    mask B     to R G B
//     from R        0 1 1    from R        1 1 1      With one group c is dead in mask A and live in mask B.
//          G        0 0 1         G        0 1 1
//          B        0 0 0         B        0 0 1
//
// Source: van den Oord, Kalchbrenner, Kavukcuoglu, "Pixel Recurrent Neural Networks", ICML 2016, section 3.4.

#include <cstddef>
#include <vector>

namespace pcnn {

enum class MaskType {
  kA,  // the centre is dead: a pixel never sees itself; for the layer that reads the image
  kB,  // the centre is live: features at a pixel already exclude the pixel; for every later layer
};

struct Mask {
  MaskType type = MaskType::kB;
  int groups = 1;  // divides the channels of both sides

  constexpr Mask(MaskType of_type = MaskType::kB, int group_count = 1) : type(of_type), groups(group_count) {}
  friend constexpr bool operator==(const Mask&, const Mask&) = default;
};

[[nodiscard]] constexpr int group_of(int channel, int channels, int groups) {
  return channel / (channels / groups);
}

// Which channel groups of its source a tap reads for the maps of group `to`.
enum class GroupsRead {
  kNone,
  kEarlier,  // those before `to`
  kUpToOwn,  // those before `to`, and `to`
  kOwn,      // `to` alone
  kAll,
};

[[nodiscard]] constexpr bool reads_group(GroupsRead groups, int to, int from) {
  switch (groups) {
    case GroupsRead::kNone:
      return false;
    case GroupsRead::kEarlier:
      return from < to;
    case GroupsRead::kUpToOwn:
      return from <= to;
    case GroupsRead::kOwn:
      return from == to;
    case GroupsRead::kAll:
      break;
  }
  return true;
}

// What a kernel of this size, both sides odd, reads at its tap in `row`, `column` (0-based).
[[nodiscard]] constexpr GroupsRead groups_read(Mask mask, int kernel_height, int kernel_width, int row,
                                               int column) {
  const int down = row - kernel_height / 2, right = column - kernel_width / 2;
  if (down < 0 || (down == 0 && right < 0)) return GroupsRead::kAll;
  if (down > 0 || right > 0) return GroupsRead::kNone;
  return mask.type == MaskType::kA ? GroupsRead::kEarlier : GroupsRead::kUpToOwn;
}

// True when it may read the tap of a channel in group `from` for a channel in group `to`.
[[nodiscard]] constexpr bool is_live(Mask mask, int kernel_height, int kernel_width, int row, int column,
                                     int to, int from) {
  return reads_group(groups_read(mask, kernel_height, kernel_width, row, column), to, from);
}

// True when the tap is live for some pair of groups.
[[nodiscard]] constexpr bool is_live(Mask mask, int kernel_height, int kernel_width, int row, int column) {
  return is_live(mask, kernel_height, kernel_width, row, column, mask.groups - 1, 0);
}

// Rows of the kernel that hold any live tap: those above the centre and the centre's own.
[[nodiscard]] constexpr int live_rows(int kernel_height) {
  return kernel_height / 2 + 1;
}

// A place relative to the pixel that is computed, and what is read there.
struct Tap {
  int down = 0;   // rows; negative: above
  int right = 0;  // columns; negative: to the left
  GroupsRead groups = GroupsRead::kOwn;
  friend constexpr bool operator==(const Tap&, const Tap&) = default;
};

// Taps that are live for some pair of groups, in raster order.
[[nodiscard]] inline std::vector<Tap> live_taps(Mask mask, int kernel_height, int kernel_width) {
  std::vector<Tap> taps;
  for (int row = 0; row < kernel_height; ++row)
    for (int column = 0; column < kernel_width; ++column)
      if (is_live(mask, kernel_height, kernel_width, row, column))
        taps.push_back({.down = row - kernel_height / 2,
                        .right = column - kernel_width / 2,
                        .groups = groups_read(mask, kernel_height, kernel_width, row, column)});
  return taps;
}

// How many they are.
[[nodiscard]] constexpr int live_tap_count(Mask mask, int kernel_height, int kernel_width) {
  int taps = 0;
  for (int row = 0; row < kernel_height; ++row)
    for (int column = 0; column < kernel_width; ++column)
      taps += is_live(mask, kernel_height, kernel_width, row, column);
  return taps;
}

// Live weights of a kernel from `in_channels` to `filters` maps.
[[nodiscard]] constexpr std::size_t live_weights(Mask mask, int filters, int in_channels, int kernel_height,
                                                 int kernel_width) {
  const int before_centre = live_tap_count(MaskType::kA, kernel_height, kernel_width);
  const int pairs = mask.groups * (mask.groups + (mask.type == MaskType::kA ? -1 : 1)) / 2;  // live at it
  return static_cast<std::size_t>(filters) * static_cast<std::size_t>(in_channels) *
             static_cast<std::size_t>(before_centre) +
         static_cast<std::size_t>(filters / mask.groups) *
             static_cast<std::size_t>(in_channels / mask.groups) * static_cast<std::size_t>(pairs);
}

}  // namespace pcnn

#pragma once

// The one definition of causality: what the maps of a node may depend on, its sight, and from the sights of
// a convolution's source and result which taps of its kernel are live.
//
// Pixels are ordered by rows, left to right. At row y, column x (and in channel group g, see below):
//
//     above        before       itself        # may be seen
//     # # # # #    # # # # #    # # # # #     @ row y, column x; seen where `itself` is
//     # # # # #    # # # # #    # # # # #
//     . . @ . .    # # @ . .    # # # . .
//     . . . . .    . . . . .    . . . . .
//
// Logits must not see further than `before`. The live taps of a 5x5 kernel (1; c is the centre):
//
//     mask A       mask B       rows above    rows up to its own
//     1 1 1 1 1    1 1 1 1 1    1 1 1 1 1     1 1 1 1 1
//     1 1 1 1 1    1 1 1 1 1    1 1 1 1 1     1 1 1 1 1
//     1 1 c 0 0    1 1 c 0 0    0 0 c 0 0     1 1 1 1 1
//     0 0 0 0 0    0 0 0 0 0    0 0 0 0 0     0 0 0 0 0
//     0 0 0 0 0    0 0 0 0 0    0 0 0 0 0     0 0 0 0 0
//
//     result       source       mask
//     before       itself       A: a pixel never sees itself; for the layer that reads the image
//     before       before       B: maps at a pixel exclude the pixel already; for later layers
//     before       above        rows up to its own
//     above        itself       rows above; also where the source sees `before`
//     above        above        rows up to its own
//     any          given        none: every tap is live
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
// What sees whole rows sees every group of them, and may be read by every group.
//
// Sources: van den Oord, Kalchbrenner, Kavukcuoglu, "Pixel Recurrent Neural Networks", ICML 2016, section
// 3.4 (A and B); van den Oord et al., "Conditional Image Generation with PixelCNN Decoders", NeurIPS 2016,
// section 2.2 (the vertical stack, whose sight is `above`).

#include <cstddef>
#include <stdexcept>
#include <vector>

namespace pcnn {

// Each includes the ones before it.
enum class Sight {
  kGiven,   // no pixel at all
  kAbove,   // the rows above y, whole
  kBefore,  // pixels before (y, x) in raster order, and of its own pixel the groups before g
  kItself,  // the pixel too: the image, and what is read from it without mask A
  kLater,   // pixels after it: nothing that could be drawn from
};

enum class MaskType { kA, kB, kRowsAbove, kRowsUpToOwn, kNone };

// What a convolution to maps of this sight may read of a source of that one. Throws std::invalid_argument
// where the result would see further than `before`, or the source sees what comes later.
[[nodiscard]] constexpr MaskType mask_between(Sight source, Sight result) {
  if (source == Sight::kLater || result > Sight::kBefore || result == Sight::kGiven)
    throw std::invalid_argument("no mask makes maps of this sight from such a source");
  if (source == Sight::kGiven) return MaskType::kNone;
  if (source == Sight::kAbove) return MaskType::kRowsUpToOwn;
  if (result == Sight::kAbove) return MaskType::kRowsAbove;
  return source == Sight::kBefore ? MaskType::kB : MaskType::kA;
}

struct Mask {
  MaskType type = MaskType::kB;
  int groups = 1;  // divides the channels of both sides

  constexpr Mask(MaskType of_type = MaskType::kB, int group_count = 1) : type(of_type), groups(group_count) {}
  friend constexpr bool operator==(const Mask&, const Mask&) = default;
};

// The maps of every node lie in `groups` equal parts, but for those that are given of an image, which may be
// any number.
[[nodiscard]] constexpr int group_of(int channel, int channels, int groups) {
  return channel * groups / channels;
}

// So many maps in one group, the last filled up where they cannot be shared out.
[[nodiscard]] constexpr int channels_of_group(int channels, int groups) {
  return (channels + groups - 1) / groups;
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

// What a mask lets through at the tap that lies so many kernel rows below and columns beside the centre.
[[nodiscard]] constexpr GroupsRead groups_read(MaskType mask, int down, int right) {
  switch (mask) {
    case MaskType::kNone:
      return GroupsRead::kAll;
    case MaskType::kRowsAbove:
      return down < 0 ? GroupsRead::kAll : GroupsRead::kNone;
    case MaskType::kRowsUpToOwn:
      return down <= 0 ? GroupsRead::kAll : GroupsRead::kNone;
    case MaskType::kA:
    case MaskType::kB:
      break;
  }
  if (down < 0 || (down == 0 && right < 0)) return GroupsRead::kAll;
  if (down > 0 || right > 0) return GroupsRead::kNone;
  return mask == MaskType::kA ? GroupsRead::kEarlier : GroupsRead::kUpToOwn;
}

// What a kernel of this size, both sides odd, reads at its tap in `row`, `column` (0-based).
[[nodiscard]] constexpr GroupsRead groups_read(Mask mask, int kernel_height, int kernel_width, int row,
                                               int column) {
  return groups_read(mask.type, row - kernel_height / 2, column - kernel_width / 2);
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

// The first rows and columns of a kernel: as many as hold its centre and every live tap. A compiled kernel
// stores only these.
struct LiveBox {
  int rows = 0;
  int columns = 0;
};
[[nodiscard]] constexpr LiveBox live_box(Mask mask, int kernel_height, int kernel_width) {
  LiveBox box{kernel_height / 2 + 1, kernel_width / 2 + 1};
  for (int row = 0; row < kernel_height; ++row)
    for (int column = 0; column < kernel_width; ++column) {
      if (!is_live(mask, kernel_height, kernel_width, row, column)) continue;
      if (row >= box.rows) box.rows = row + 1;
      if (column >= box.columns) box.columns = column + 1;
    }
  return box;
}

// A place relative to the pixel that is computed, and what is read there.
struct Tap {
  int down = 0;   // rows; negative: above
  int right = 0;  // columns; negative: to the left
  GroupsRead groups = GroupsRead::kOwn;
  friend constexpr bool operator==(const Tap&, const Tap&) = default;
};

// How many taps are live for some pair of groups.
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
  if (mask.type == MaskType::kNone)
    return static_cast<std::size_t>(filters) * static_cast<std::size_t>(in_channels) *
           static_cast<std::size_t>(kernel_height * kernel_width);
  std::size_t pairs = 0;  // of groups, over all taps
  for (int row = 0; row < kernel_height; ++row)
    for (int column = 0; column < kernel_width; ++column)
      for (int to = 0; to < mask.groups; ++to)
        for (int from = 0; from < mask.groups; ++from)
          pairs += is_live(mask, kernel_height, kernel_width, row, column, to, from);
  return pairs * static_cast<std::size_t>(filters / mask.groups) *
         static_cast<std::size_t>(in_channels / mask.groups);
}

}  // namespace pcnn

#include "engine/compile/kernels/convolutions.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "engine/core/bf16.h"
#include "engine/core/index.h"

namespace pcnn {

bool reads_inside(const KernelTap& tap, int height, int width) {
  return std::abs(tap.down) < height && std::abs(tap.right) < width;
}

namespace {

void widen(TapReach& reach, const KernelTap& tap) {
  reach.up = std::max(reach.up, -tap.down);
  reach.down = std::max(reach.down, tap.down);
  reach.side = std::max({reach.side, tap.right, -tap.right});
}

}  // namespace

TapReach reach_of(std::span<const KernelTap> taps) {
  TapReach reach;
  for (const KernelTap& tap : taps) widen(reach, tap);
  return reach;
}

std::vector<TapPair> in_pairs(std::span<const KernelTap> taps) {
  // From the last tap to the first: the one of a row that is left alone is its leftmost, and no word reads
  // beyond the rightmost.
  std::vector<TapPair> pairs;
  for (std::size_t end = taps.size(); end > 0; --end) {
    const KernelTap& second = taps[end - 1];
    pairs.push_back({.first = {}, .second = second});
    if (end == 1) break;
    const KernelTap& before = taps[end - 2];
    if (before.down != second.down || before.right != second.right - 1) continue;
    pairs.back().first = before;
    --end;
  }
  std::ranges::reverse(pairs);
  return pairs;
}

PlaneLayout plane_layout(const PlaneConv& conv, int lanes) {
  const auto count = [](int value) { return static_cast<std::size_t>(value); };
  const std::size_t at_once = 4 * count(lanes);
  PlaneLayout layout;
  layout.row = count(conv.width + conv.reach.side);
  layout.origin = count(conv.reach.up) * layout.row + count(conv.reach.side);
  layout.run = (count(conv.height) * layout.row + at_once - 1) / at_once * at_once;
  layout.plane = layout.origin + layout.run + count(conv.reach.down) * layout.row + count(conv.reach.side);
  return layout;
}

std::size_t plane_conv_scratch(const PlaneConv& conv, int lanes) {
  const PlaneLayout layout = plane_layout(conv, lanes);
  return layout.run + static_cast<std::size_t>(conv.in_channels) * layout.plane;
}

namespace {

// Of the matrix of sums, of a plain source; the last tile is filled up.
std::size_t plain_rows(const WeightGradient& gradient) {
  return to_index((gradient.in_channels * gradient.tap_count + kGradientRows - 1) / kGradientRows *
                  kGradientRows);
}

// Words of an image with the zeros around it that taps read.
std::size_t padded_planes(const WeightGradient& gradient) {
  return to_index(gradient.in_channels * (gradient.height + gradient.reach.up + gradient.reach.down)) *
         to_index(gradient.width + 2 * gradient.reach.side);
}

}  // namespace

std::size_t weight_gradient_scratch(const WeightGradient& gradient, int lanes) {
  const auto padded = [lanes](int maps) { return to_index((maps + lanes - 1) / lanes * lanes); };
  const std::size_t filters = padded(gradient.filters);
  if (gradient.plain_src) return filters * (1 + plain_rows(gradient)) + padded_planes(gradient);
  return filters * (1 + padded(gradient.in_channels) * to_index(gradient.tap_count));
}

PixelPairs pixel_pairs(const WeightGradient& gradient, int lanes) {
  // Those of the filters of one tile, and of a block of the source, fill most of 32 KiB.
  constexpr int kChunkWords = 7168;
  const auto blocks = [lanes](int maps) { return (maps + lanes - 1) / lanes; };
  PixelPairs pairs{.diff_blocks = blocks(gradient.filters), .source_blocks = blocks(gradient.in_channels)};
  pairs.diff = (gradient.width + 1) / 2;
  for (const KernelTap& tap : std::span(gradient.taps, to_index(gradient.tap_count)))
    if (tap.right % 2 == 0)
      pairs.even = pairs.diff;
    else
      pairs.odd = (gradient.width + 2) / 2;  // the first has the column before the image
  const int row = pairs.diff * lanes * (blocks_of_group(pairs.diff_blocks) + 1);
  pairs.rows = std::clamp(kChunkWords / row, 1, gradient.height);
  pairs.source_rows = std::min(pairs.rows + gradient.reach.up + gradient.reach.down, gradient.height);
  return pairs;
}

std::size_t weight_gradient_bf16_scratch(const WeightGradient& gradient, int lanes) {
  const PixelPairs pairs = pixel_pairs(gradient, lanes);
  const std::size_t filters = to_index(pairs.diff_blocks * lanes),
                    channels = to_index(pairs.source_blocks * lanes);
  if (gradient.plain_src)
    return filters * (1 + plain_rows(gradient) + to_index(pairs.rows * pairs.diff)) + padded_planes(gradient);
  return filters * (1 + channels * to_index(gradient.tap_count) + to_index(pairs.rows * pairs.diff)) +
         to_index(lanes * pairs.source_rows * (pairs.even + pairs.odd));
}

PixelRuns pixel_runs(const WeightGradient& gradient) {
  constexpr int kChunkPixels = 320;  // two blocks of each fill most of a first-level cache of 48 KiB
  const auto filled_up = [](std::size_t pixels) { return (pixels + kTileBf16 - 1) / kTileBf16 * kTileBf16; };
  PixelRuns runs{.diff_blocks = (gradient.filters + kTileRows - 1) / kTileRows,
                 .source_blocks = (gradient.in_channels + kTileRows - 1) / kTileRows};
  for (const KernelTap& tap : std::span(gradient.taps, to_index(gradient.tap_count)))
    if (reads_inside(tap, gradient.height, gradient.width)) widen(runs.reach, tap);
  runs.row = (gradient.width + runs.reach.side + 1) / 2 * 2;
  runs.rows = std::clamp(kChunkPixels / runs.row, 1, gradient.height);
  const std::size_t row = to_index(runs.row), side = to_index(runs.reach.side);
  const std::size_t pixels = filled_up(to_index(runs.rows) * row);
  runs.origin = to_index(runs.reach.up) * row + side;
  runs.diff = pixels / 2 * kTileRows;
  // What is read for the last pixels, and written behind the last row.
  runs.plane = filled_up(runs.origin + pixels + to_index(runs.reach.down) * row + side + kTileBf16);
  if (runs.plane / kTileBf16 % 2 == 0) runs.plane += kTileBf16;  // or channels would share a cache's sets
  return runs;
}

std::size_t weight_gradient_amx_scratch(const WeightGradient& gradient) {
  const PixelRuns runs = pixel_runs(gradient);
  const std::size_t filters = to_index(runs.diff_blocks * kTileRows),
                    channels = to_index(runs.source_blocks * kTileRows);
  return filters * (1 + channels * to_index(gradient.tap_count)) + to_index(runs.diff_blocks) * runs.diff +
         kTileRows * runs.plane;  // planes of bf16, of two blocks
}

BlockedChunks blocked_chunks(const BlockedConv& conv, int lanes) {
  // Where taps read other pixels, the rows of a chunk are copied with zeros around them, and those above and
  // below that are read too. The copies of most chunks fill a part of the second-level cache, and so do sums
  // that wait.
  constexpr std::size_t kMostCopied = 24576, kMostSums = 12288;
  BlockedChunks chunks;
  chunks.source_blocks = (conv.in_channels + conv.source_block - 1) / conv.source_block;
  const bool writes_pairs = conv.source_block < conv.maps_of_word;  // of the pixels of planes
  chunks.copies = conv.reach.up > 0 || conv.reach.down > 0 || conv.reach.side > 0 || writes_pairs;
  const int pixel_words = writes_pairs ? 1 : conv.source_block / conv.maps_of_word;
  chunks.row = to_index((conv.width + 2 * conv.reach.side) * pixel_words);
  const int around = conv.reach.up + conv.reach.down;
  const int copied = static_cast<int>(kMostCopied / (chunks.row * to_index(chunks.source_blocks))) - around,
            waiting = static_cast<int>(kMostSums / to_index(3 * conv.width * lanes));
  chunks.rows = std::clamp(std::min(copied, waiting), std::min(1 + around, conv.height), conv.height);
  return chunks;
}

std::size_t blocked_conv_scratch(const BlockedConv& conv, int lanes) {
  const BlockedChunks chunks = blocked_chunks(conv, lanes);
  const auto rows = to_index(chunks.rows + conv.reach.up + conv.reach.down);
  return 3 * to_index(chunks.rows * conv.width * lanes) +
         (chunks.copies ? rows * chunks.row * to_index(chunks.source_blocks) : 0);
}

TiledChunks tiled_chunks(const BlockedConv& conv) {
  constexpr std::size_t kMostCopied = 24576;  // a part of the second-level cache
  TiledChunks chunks;
  chunks.source_blocks = (conv.in_channels + conv.source_block - 1) / conv.source_block;
  chunks.pixel = to_index((conv.in_channels + kTileBf16 - 1) / kTileBf16 * kTileWords);
  chunks.row = to_index(conv.width + 2 * conv.reach.side) * chunks.pixel;
  // Rows without zeros between them are tiled as one.
  const int run = conv.reach.side > 0 ? conv.width : conv.width * conv.height;
  const int tiles = (run + kTileRows - 1) / kTileRows;
  chunks.tile_pixels = (run + tiles - 1) / tiles;
  const int around = conv.reach.up + conv.reach.down;
  chunks.rows = std::clamp(static_cast<int>(kMostCopied / chunks.row) - around,
                           std::min(1 + around, conv.height), conv.height);
  return chunks;
}

std::size_t tiled_conv_scratch(const BlockedConv& conv) {
  const TiledChunks chunks = tiled_chunks(conv);
  // The last tile of a row is read to its end.
  return to_index(chunks.rows + conv.reach.up + conv.reach.down) * chunks.row +
         to_index(chunks.tile_pixels) * chunks.pixel;
}

namespace {

int filled_up(int maps, int block) {
  return (maps + block - 1) / block * block;
}

}  // namespace

std::size_t BlockedWeights::size() const {
  return to_index(filled_up(in_channels, channel_block)) * to_index(filled_up(filters, lanes)) *
         to_index(taps) / to_index(maps_of_word);
}

void BlockedWeights::pack(std::span<const float> weights, float* dst) const {
  const int channels = filled_up(in_channels, channel_block);
  const std::size_t of_filter = to_index(in_channels) * to_index(taps);
  const auto weight = [&](int filter, int channel, int tap) {
    return channel < in_channels && filter < filters
               ? weights[to_index(filter) * of_filter + to_index(channel * taps + tap)]
               : 0.0f;
  };
  const auto word = [&](int filter, int channel, int tap) {
    if (maps_of_word == 1) return weight(filter, channel, tap);
    return std::bit_cast<float>(to_bf16_word(weight(filter, channel, tap), weight(filter, channel + 1, tap)));
  };
  for_each_group(filled_up(filters, lanes) / lanes, [&](int count, int first) {
    for (int tap = 0; tap < taps; ++tap)
      for (int channel = 0; channel < channels; channel += maps_of_word)
        for (int filter = first * lanes; filter < (first + count) * lanes; ++filter)
          *dst++ = word(filter, channel, tap);
  });
}

}  // namespace pcnn

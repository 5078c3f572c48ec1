#pragma once

// Masked convolutions of our own, in f32 and bf16. oneDNN's kernels compute dead taps inside the box of live
// ones, and so reach 70 to 75 % of the processor's peak in the live multiply-adds of a 3x3 with AVX2 and
// AVX-512 alike, and 87 to 92 % in bf16. In the gradient of weights they reach 55 to 65 % with AVX2 (9 % of a
// 7x7 on one channel), 73 % with AVX-512 and 64 to 75 % in bf16; of dilated kernels they compute none fast.

#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

// One live tap of a kernel: where its weights are, and what it reads, relative to the pixel.
struct KernelTap {
  int row = 0;
  int column = 0;
  int down = 0;   // rows; negative: above
  int right = 0;  // columns; negative: to the left
};

// Whether it does for some pixel of the image.
[[nodiscard]] bool reads_inside(const KernelTap& tap, int height, int width);

// How far taps reach from the pixel.
struct TapReach {
  int up = 0, down = 0;  // rows
  int side = 0;          // columns, to the further side
};
[[nodiscard]] TapReach reach_of(std::span<const KernelTap> taps);

// A plane in bf16 is read in words of two pixels beside each other, (x[i], x[i + 1]), for two taps at once. A
// tap without a neighbour to its left has the word's second half; what is in the first, an earlier pixel, is
// multiplied by 0.
struct TapPair {
  std::optional<KernelTap> first;
  KernelTap second;

  // Of its word.
  [[nodiscard]] KernelTap place() const { return {0, 0, second.down, second.right - 1}; }
};
// taps: in raster order.
[[nodiscard]] std::vector<TapPair> in_pairs(std::span<const KernelTap> taps);

// Filters are computed in groups of three blocks (vectors of them), two or one: how many the group has that
// begins where so many are left. One alone has too few sums to keep the processor busy, so four are two
// twice.
// Inlined always, since files for several instruction sets include this.
[[nodiscard, gnu::always_inline]] constexpr int blocks_of_group(int left) {
  return left == 3 || left >= 5 ? 3 : left >= 2 ? 2 : 1;
}
// Calls run(count, first) for each of them; count is a std::integral_constant.
template <typename Run>
void for_each_group(int blocks, Run&& run) {
  for (int first = 0; first < blocks;) {
    const int count = blocks_of_group(blocks - first);
    if (count == 3) run(std::integral_constant<int, 3>{}, first);
    if (count == 2) run(std::integral_constant<int, 2>{}, first);
    if (count == 1) run(std::integral_constant<int, 1>{}, first);
    first += count;
  }
}

// Most rows of a tile of sums of a weight gradient.
inline constexpr int kGradientRows = 8;

// d(loss)/d(weights) and d(loss)/d(bias) of a masked convolution, over a batch, from its source and
// d(loss)/d(its result): maps in blocks of `lanes`, [image][block][row][column][map], the last block filled
// up with zeros.
struct WeightGradient {
  int images = 0;
  int height = 0;
  int width = 0;
  int in_channels = 0;
  int filters = 0;
  int kernel_height = 0;
  int kernel_width = 0;
  const KernelTap* taps = nullptr;  // in raster order
  int tap_count = 0;
  TapReach reach{};        // of the taps
  bool plain_src = false;  // the source is `planes`

  const float* planes = nullptr;  // NCHW; null where the source is in blocks
  float* weights = nullptr;       // OIHW; live taps are written, dead ones left alone
  float* bias = nullptr;          // [filters], written
  float* scratch = nullptr;       // weight_gradient_scratch() floats, or those of the kernel in bf16
};

// A convolution between few maps, all of them planes of f32: where oneDNN's kernels would fill blocks of 8 or
// 16 maps up with zeros, or would round.
struct PlaneConv {
  int images = 0;
  int height = 0;
  int width = 0;
  int in_channels = 0;
  int filters = 0;
  int kernel_height = 0;  // of the weights as they are stored, [filter][channel][row][column]
  int kernel_width = 0;
  const KernelTap* taps = nullptr;  // others are not read
  int tap_count = 0;
  TapReach reach{};  // of the taps
  const float* src = nullptr;
  float* scratch = nullptr;  // plane_conv_scratch() floats
};

// Of one channel with the zeros around it, in floats; see plane_conv_tile.h.
struct PlaneLayout {
  std::size_t row = 0;     // from one row to the next
  std::size_t origin = 0;  // the first pixel
  std::size_t run = 0;     // from the first pixel to the last one, filled up to what is computed at once
  std::size_t plane = 0;   // the whole of it
};
[[nodiscard]] PlaneLayout plane_layout(const PlaneConv& conv, int lanes);
[[nodiscard]] std::size_t plane_conv_scratch(const PlaneConv& conv, int lanes);
[[nodiscard]] std::size_t weight_gradient_scratch(const WeightGradient& gradient, int lanes);
[[nodiscard]] std::size_t weight_gradient_bf16_scratch(const WeightGradient& gradient, int lanes);

// Maps, or weights, are taken in words of 32 bits: floats, or two maps of bf16.
inline constexpr int kMapsOfBf16Word = 2;

// A tile of AMX has up to 16 rows, of 16 words of two bf16.
inline constexpr int kTileRows = 16, kTileWords = 16, kTileBf16 = 2 * kTileWords;

// A few rows of pixels at a time are written as words of two pixels' bf16, for the weight gradient in bf16;
// see weight_gradient_bf16_tile.h.
struct PixelPairs {
  int diff_blocks = 0, source_blocks = 0;
  int rows = 0;         // most of diff_dst
  int source_rows = 0;  // most that their taps read
  int diff = 0;         // pairs in a row of diff_dst
  int even = 0;         // in a row of the source; 0: no tap is an even number of columns beside its pixel
  int odd = 0;          // the same for odd numbers
};
[[nodiscard]] PixelPairs pixel_pairs(const WeightGradient& gradient, int lanes);

// A few rows of pixels at a time are written for the tiles of AMX, diff_dst and the source in one shape: rows
// of pixels, zeros behind each, so that a tap is an offset in the source; see weight_gradient_amx_tile.h.
struct PixelRuns {
  int diff_blocks = 0, source_blocks = 0;
  TapReach reach{};        // of the taps that read inside the image for some pixel of it
  int rows = 0;            // most of diff_dst
  int row = 0;             // pixels from one row to the next, an even number
  std::size_t origin = 0;  // the source's pixel of the first one of diff_dst
  std::size_t diff = 0;    // words of a block of diff_dst
  std::size_t plane = 0;   // pixels of a channel of the source
};
[[nodiscard]] PixelRuns pixel_runs(const WeightGradient& gradient);
[[nodiscard]] std::size_t weight_gradient_amx_scratch(const WeightGradient& gradient);

// A convolution to maps in blocks of `lanes`, [image][block][row][column][map], the last block filled up with
// zeros, from such maps, or from planes of f32:
//
//     dst = (f(bias + sum over taps and channels of src * weights) + added) * g'(value)
//
// with f and g activations. Each sum is added in f32 in the order of taps, then of channels, one word at a
// time, or a tile's sixteen: a pixel's result is a function of what its taps read alone, to the last bit. In
// a forward pass `added` is a skip. In a backward pass, to the gradient of a source, f is the identity,
// `added` is what others found of that gradient, and g is the activation that gave the source's value. What
// fills up the last block of dst is 0 where it is 0 in `added`.
struct BlockedConv {
  int images = 0;
  int height = 0;
  int width = 0;
  int in_channels = 0;
  int filters = 0;
  int source_block = 0;  // maps of a block of the source: `lanes`, or 1: planes
  int maps_of_word = 1;
  const KernelTap* taps = nullptr;  // in the order of the weights; of planes in bf16 the places of pairs
  int tap_count = 0;
  TapReach reach{};                          // of the taps
  const float* weights = nullptr;            // BlockedWeights, words
  const float* bias = nullptr;               // [filters]; null: zeros
  const ActivationOp* activation = nullptr;  // f; null: the identity
  const ActivationOp* derivative = nullptr;  // g; null: nothing is multiplied
  float* scratch = nullptr;                  // blocked_conv_scratch() floats, or those of the kernel in bf16
};
// Element: float or bf16.
template <typename Element>
struct BlockedMaps {
  const Element* src = nullptr;    // in blocks
  const float* planes = nullptr;   // or the source in planes; in bf16 it is rounded as it is read
  Element* unsummed = nullptr;     // f(...) itself, before `added`; null: it is not kept
  const Element* added = nullptr;  // null: nothing is
  const Element* value = nullptr;  // what g gave
  Element* dst = nullptr;          // apart from src; may be `added` or `value`
};
[[nodiscard]] std::size_t blocked_conv_scratch(const BlockedConv& conv, int lanes);

// The rows of an image are computed a few at a time.
struct BlockedChunks {
  int source_blocks = 0;  // of an image
  int rows = 0;           // most of a chunk
  bool copies = false;    // its source is copied, with zeros around it
  std::size_t row = 0;    // words from one row of the copy to the next
};
[[nodiscard]] BlockedChunks blocked_chunks(const BlockedConv& conv, int lanes);

// The rows of an image that a convolution in tiles of AMX copies at a time; see blocked_conv_amx_tile.h.
struct TiledChunks {
  int source_blocks = 0;  // of an image
  int tile_pixels = 0;    // of a tile, up to 16
  int rows = 0;           // most of a chunk
  std::size_t pixel = 0;  // words from one pixel of the copy to the next: of all channels, filled up to 32
  std::size_t row = 0;    // from one row to the next
};
[[nodiscard]] TiledChunks tiled_chunks(const BlockedConv& conv);
[[nodiscard]] std::size_t tiled_conv_scratch(const BlockedConv& conv);

// How the weights of a BlockedConv lie: [group][tap][word of channels][block of the group][lane], channels
// filled up to a multiple of what is multiplied at once: a block of the source, or a row of a tile. What
// fills up is 0. Of planes in bf16 a channel has two, for the two pixels of a word, and taps are pairs.
struct BlockedWeights {
  int in_channels = 0;
  int filters = 0;
  int taps = 0;
  int channel_block = 0;
  int maps_of_word = 1;
  int lanes = 0;

  [[nodiscard]] std::size_t size() const;  // words
  // weights: [filter][channel][tap].
  void pack(std::span<const float> weights, float* dst) const;
};

}  // namespace pcnn

#pragma once

// The matrix product of the incremental sampler: one new feature vector for each chain and column, from a
// few cached vectors of the layer below.
//
//     dst[row][filter] = skip[row][filter] + f(bias[filter] + sum over taps, sum over k < depth
//                              taps[tap].src[row][k] * weights[tap][k][filter])
//
// A row is a chain at a column of the span. Every product is added in the order of k, one fused multiply-add
// at a time, whatever the number of rows and the width of the machine's vectors: a row's result is a function
// of that row's values alone, to the last bit. (Library products pick other orders of summation for other
// shapes.)
//
// In bf16, sources and weights are rounded to it and multiplied in pairs of k, each product added in f32; a
// pair is one instruction of AVX512_BF16. Bias, skip, sums and results are f32. So weights take half the
// memory, and a row's result is again its own to the last bit, but for that instruction: how it rounds
// inside is the processor's affair. AMX multiplies tiles of 16 rows, 16 filters and 32 channels, and adds in
// another order, which is again the same for every row: see pixel_gemm_amx_tile.h.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/compile/backend.h"
#include "engine/compile/kernels/attention.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/shape.h"
#include "engine/model/network.h"

namespace pcnn {

// One live tap of the kernel that lies inside the image, and one channel group it reads there.
struct PixelTap {
  const float* src = nullptr;     // [row][depth]
  std::size_t packed_offset = 0;  // of its rows in a panel of packed weights, words
  // src in bf16, where that is kept and the depth is even; rows that fill up a block of the kernel can be
  // read, whatever they hold. Null: the product rounds src itself.
  const std::uint16_t* rounded = nullptr;
};

struct PixelGemm {
  int rows = 0;
  int depth = 0;    // channels of the source that a tap reads
  int filters = 0;  // channels of the result
  const PixelTap* taps = nullptr;
  int tap_count = 0;
  // Panels of `PixelKernel::panel` filters, the last filled up with zeros; words are floats, or pairs of
  // bf16.
  const std::uint32_t* weights = nullptr;
  std::size_t panel_words =
      0;  // from one panel to the next: all taps * depth_words() * panel, in whole blocks
  std::uint16_t* scratch = nullptr;          // in bf16, room for scratch_words(); else not used
  const float* bias = nullptr;               // filled up to whole panels
  const ActivationOp* activation = nullptr;  // null: f is the identity
  const float* skip = nullptr;               // [row][filters]; null: nothing is added
  float* dst =
      nullptr;  // [row][filters]; apart from all the others, or skip itself where there is no activation
};

// One build of the product for one instruction set.
struct PixelKernel {
  const char* name = "";  // "avx2"
  int panel = 0;          // filters computed side by side
  Precision precision = Precision::kF32;
  void (*run)(const PixelGemm&) = nullptr;
  // dst[i] = f(src[i]), where no convolution could take the activation along. dst may be src.
  void (*activate)(const ActivationOp& op, std::size_t count, const float* src, float* dst) = nullptr;
  // dst[row][i] = tanh(src[row][i]) * sigmoid(src[row][maps + i]), i < maps.
  void (*gate)(std::size_t rows, std::size_t maps, const float* src, float* dst) = nullptr;
  // dst[i] = a[i] + b[i].
  void (*sum)(std::size_t count, const float* a, const float* b, float* dst) = nullptr;
  void (*lstm)(const LstmCells& cells) = nullptr;
  // In f32, as the product: with the same bits on every instruction set with fused multiply-add.
  void (*attend)(const PixelAttention& attention) = nullptr;
  // Of words in a panel, and of rows and words in scratch: each comes in multiples of it, filled up with
  // zeros.
  int block = 1;
  const char* arithmetic = "f32";  // for people: "bf16 by AMX"
  // dst[i] = src[i] in bf16; an odd count is filled up with a zero. Null in f32.
  void (*round)(std::size_t count, const float* src, std::uint16_t* dst) = nullptr;
};

// Rows, and words, of a tile of AMX.
constexpr int kPixelBlock = 16;

// Those of f32 that this processor can run, the best one last. Never empty.
[[nodiscard]] std::span<const PixelKernel> pixel_kernels();

// Every kernel that this processor can run, of f32 first.
[[nodiscard]] std::vector<PixelKernel> runnable_pixel_kernels();

// The fastest of that precision on this kind of processor; of f32 where bf16 is none faster (bf16_product.h).
[[nodiscard]] const PixelKernel& pixel_kernel(Precision precision);

// The best of that precision among those that compute in vectors alone; of f32 where there is no AVX512_BF16.
[[nodiscard]] const PixelKernel& vector_kernel(Precision precision);

// Words of a packed weight row, and of a row's source in scratch: one for each k, or each pair of them.
[[nodiscard]] inline std::size_t depth_words(Precision precision, int depth) {
  return static_cast<std::size_t>(precision == Precision::kBf16 ? (depth + 1) / 2 : depth);
}

// What a product of so many rows needs, over taps of so many words in all.
[[nodiscard]] inline std::size_t scratch_words(const PixelKernel& kernel, std::size_t rows,
                                               std::size_t words) {
  if (kernel.precision == Precision::kF32) return 0;
  const auto block = static_cast<std::size_t>(kernel.block);
  const auto filled = [&](std::size_t count) { return (count + block - 1) / block * block; };
  return filled(rows) * filled(words);
}

// Some filters of an OIHW kernel.
struct KernelFilters {
  std::span<const float> weights;  // of all filters
  Shape kernel;                    // n: all filters; c: channels of the source
  int first = 0;                   // filter
  int count = 0;
};

// What one tap of a product reads of such a kernel: `PixelGemm::depth` channels of the source.
struct WeightSlice {
  int row = 0;
  int column = 0;
  int first_channel = 0;
};

// -> panels, in the order of the slices: [panel][slice][word of its depth][panel filter], each filled up
// to whole blocks of words.
[[nodiscard]] std::vector<std::uint32_t> pack_pixel_weights(const KernelFilters& filters,
                                                            std::span<const WeightSlice> slices, int depth,
                                                            const PixelKernel& kernel);

}  // namespace pcnn

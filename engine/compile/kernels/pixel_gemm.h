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
// inside is the processor's affair.

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
  std::size_t panel_words = 0;  // from one panel to the next: all taps * depth_words() * panel
  std::uint16_t* scratch =
      nullptr;                  // in bf16, room for tap_count * rows * depth_words() words; else not used
  const float* bias = nullptr;  // filled up to whole panels
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
};

// Those of f32 that this processor can run, the best one last. Never empty.
[[nodiscard]] std::span<const PixelKernel> pixel_kernels();

// The best of that precision; of f32 where the processor has no AVX512_BF16.
[[nodiscard]] const PixelKernel& pixel_kernel(Precision precision);

// Words of a packed weight row, and of a row's source in scratch: one for each k, or each pair of them.
[[nodiscard]] inline std::size_t depth_words(Precision precision, int depth) {
  return static_cast<std::size_t>(precision == Precision::kBf16 ? (depth + 1) / 2 : depth);
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

// -> panels, in the order of the slices: [panel][slice][word of its depth][panel filter].
[[nodiscard]] std::vector<std::uint32_t> pack_pixel_weights(const KernelFilters& filters,
                                                            std::span<const WeightSlice> slices, int depth,
                                                            const PixelKernel& kernel);

}  // namespace pcnn

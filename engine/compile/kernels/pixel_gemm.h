#pragma once

// The matrix product of the incremental sampler: one new feature vector for each chain of a flock, from a few
// cached vectors of the layer below.
//
//     dst[chain][filter] = skip[chain][filter] + f(bias[filter] + sum over taps, sum over k < depth
//                              taps[tap].src[chain][k] * weights[tap][k][filter])
//
// Every product is added in the order of k, one fused multiply-add at a time, whatever the number of chains
// and the width of the machine's vectors: a chain's result is a function of that chain's values alone, to the
// last bit. (Library products pick other orders of summation for other shapes.)
//
// In bf16, sources and weights are rounded to it and multiplied in pairs of k, each product added in f32; a
// pair is one instruction of AVX512_BF16. Bias, skip, sums and results are f32. So weights take half the
// memory, and a chain's result is again its own to the last bit, but for that instruction: how it rounds
// inside is the processor's affair.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/compile/precision.h"
#include "engine/model/network.h"

namespace pcnn {

// One live tap of the kernel that lies inside the image, and one channel group it reads there.
struct PixelTap {
  const float* src = nullptr;     // [chain][depth]
  std::size_t packed_offset = 0;  // of its rows in a panel of packed weights, words
};

struct PixelGemm {
  int chains = 0;
  int depth = 0;    // channels of the source that a tap reads
  int filters = 0;  // channels of the result
  const PixelTap* taps = nullptr;
  int tap_count = 0;
  // Panels of `PixelKernel::panel` filters, the last filled up with zeros; words are floats, or pairs of
  // bf16.
  const std::uint32_t* weights = nullptr;
  std::size_t panel_words = 0;  // from one panel to the next: all taps * depth_words() * panel
  std::uint16_t* scratch =
      nullptr;                  // in bf16, room for tap_count * chains * depth_words() words; else not used
  const float* bias = nullptr;  // filled up to whole panels
  const ActivationOp* activation = nullptr;  // null: f is the identity
  const float* skip = nullptr;               // [chain][filters]; null: nothing is added
  float* dst = nullptr;                      // [chain][filters]; apart from all the others
};

// One build of the product for one instruction set.
struct PixelKernel {
  const char* name = "";  // "avx2"
  int panel = 0;          // filters computed side by side
  Precision precision = Precision::kF32;
  void (*run)(const PixelGemm&) = nullptr;
  // dst[i] = f(src[i]), where no convolution could take the activation along.
  void (*activate)(const ActivationOp& op, std::size_t count, const float* src, float* dst) = nullptr;
  // dst[i] = a[i] + b[i].
  void (*sum)(std::size_t count, const float* a, const float* b, float* dst) = nullptr;
};

// Those of f32 that this processor can run, the best one last. Never empty.
[[nodiscard]] std::span<const PixelKernel> pixel_kernels();

// The best of that precision; of f32 where the processor has no AVX512_BF16.
[[nodiscard]] const PixelKernel& pixel_kernel(Precision precision);

// Words of a packed weight row, and of a chain's source in scratch: one for each k, or each pair of them.
[[nodiscard]] inline std::size_t depth_words(Precision precision, int depth) {
  return static_cast<std::size_t>(precision == Precision::kBf16 ? (depth + 1) / 2 : depth);
}

// OIHW weights of a masked convolution -> panels of the filters of one channel group: [panel][tap][group
// read][word of the in channels of that group][panel filter], taps in raster order, and of every tap the
// groups for which it is live.
[[nodiscard]] std::vector<std::uint32_t> pack_pixel_weights(const MaskedConvOp& conv, int filters,
                                                            std::span<const float> weights,
                                                            const PixelKernel& kernel, int group = 0);

}  // namespace pcnn

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

#include <cstddef>
#include <span>
#include <vector>

#include "engine/model/network.h"

namespace pcnn {

// One live tap of the kernel that lies inside the image, and one channel group it reads there.
struct PixelTap {
  const float* src = nullptr;     // [chain][depth]
  std::size_t packed_offset = 0;  // of its rows in a panel of packed weights, floats
};

struct PixelGemm {
  int chains = 0;
  int depth = 0;    // channels of the source that a tap reads
  int filters = 0;  // channels of the result
  const PixelTap* taps = nullptr;
  int tap_count = 0;
  const float* weights = nullptr;  // panels of `PixelKernel::panel` filters, the last filled up with zeros
  std::size_t panel_floats = 0;    // from one panel to the next: all taps * depth * panel
  const float* bias = nullptr;     // filled up to whole panels
  const ActivationOp* activation = nullptr;  // null: f is the identity
  const float* skip = nullptr;               // [chain][filters]; null: nothing is added
  float* dst = nullptr;                      // [chain][filters]; apart from all the others
};

// One build of the product for one instruction set.
struct PixelKernel {
  const char* name = "";  // "avx2"
  int panel = 0;          // filters computed side by side
  void (*run)(const PixelGemm&) = nullptr;
  // dst[i] = f(src[i]), where no convolution could take the activation along.
  void (*activate)(const ActivationOp& op, std::size_t count, const float* src, float* dst) = nullptr;
  // dst[i] = a[i] + b[i].
  void (*sum)(std::size_t count, const float* a, const float* b, float* dst) = nullptr;
};

// Those this processor can run, the best one last. Never empty.
[[nodiscard]] std::span<const PixelKernel> pixel_kernels();

// OIHW weights of a masked convolution -> panels of the filters of one channel group: [panel][tap][group
// read][in channel of that group][panel filter], taps in raster order, and of every tap the groups for which
// it is live.
[[nodiscard]] std::vector<float> pack_pixel_weights(const MaskedConvOp& conv, int filters,
                                                    std::span<const float> weights, int panel, int group = 0);

}  // namespace pcnn

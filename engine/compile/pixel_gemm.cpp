#include "engine/compile/pixel_gemm.h"

#include "engine/compile/instruction_sets.h"
#include "engine/model/mask.h"

namespace pcnn {

PixelKernel pixel_kernel_sse2();
PixelKernel pixel_kernel_avx2();
PixelKernel pixel_kernel_avx512();

std::span<const PixelKernel> pixel_kernels() {
  static const std::vector<PixelKernel> kernels =
      kernels_that_run(pixel_kernel_sse2, pixel_kernel_avx2, pixel_kernel_avx512);
  return kernels;
}

std::vector<float> pack_pixel_weights(const MaskedConvOp& conv, int filters, std::span<const float> weights,
                                      int panel, int group) {
  const int taps = conv.kernel_height * conv.kernel_width, groups = conv.mask.groups;
  const int of_group = filters / groups, depth = conv.in_channels / groups;
  const int panels = (of_group + panel - 1) / panel;
  const auto weight = [&](int filter, int in, int tap) {
    const auto pair = static_cast<std::size_t>(filter) * static_cast<std::size_t>(conv.in_channels) +
                      static_cast<std::size_t>(in);
    return weights[pair * static_cast<std::size_t>(taps) + static_cast<std::size_t>(tap)];
  };
  std::vector<float> packed;
  for (int first = 0; first < panels * panel; first += panel)
    for (int tap = 0; tap < taps; ++tap)
      for (int from = 0; from < groups; ++from) {
        if (!is_live(conv.mask, conv.kernel_height, conv.kernel_width, tap / conv.kernel_width,
                     tap % conv.kernel_width, group, from))
          continue;
        for (int in = from * depth; in < (from + 1) * depth; ++in)
          for (int filter = first; filter < first + panel; ++filter)
            packed.push_back(filter < of_group ? weight(group * of_group + filter, in, tap) : 0.0f);
      }
  return packed;
}

}  // namespace pcnn

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
                                      int panel) {
  const int taps = conv.kernel_height * conv.kernel_width;
  const int panels = (filters + panel - 1) / panel;
  std::vector<float> packed;
  for (int first = 0; first < panels * panel; first += panel)
    for (int tap = 0; tap < taps; ++tap) {
      if (!is_live(conv.mask, conv.kernel_height, conv.kernel_width, tap / conv.kernel_width,
                   tap % conv.kernel_width))
        continue;
      for (int in = 0; in < conv.in_channels; ++in)
        for (int filter = first; filter < first + panel; ++filter) {
          const std::size_t at =
              (static_cast<std::size_t>(filter) * static_cast<std::size_t>(conv.in_channels) +
               static_cast<std::size_t>(in)) *
                  static_cast<std::size_t>(taps) +
              static_cast<std::size_t>(tap);
          packed.push_back(filter < filters ? weights[at] : 0.0f);
        }
    }
  return packed;
}

}  // namespace pcnn

#include "engine/compile/kernels/pixel_gemm.h"

#include <bit>

#include "engine/compile/kernels/instruction_sets.h"
#include "engine/core/bf16.h"
#include "engine/model/mask.h"

namespace pcnn {

PixelKernel pixel_kernel_sse2();
PixelKernel pixel_kernel_avx2();
PixelKernel pixel_kernel_avx512();
PixelKernel pixel_kernel_avx512_bf16();

std::span<const PixelKernel> pixel_kernels() {
  static const std::vector<PixelKernel> kernels =
      kernels_that_run(pixel_kernel_sse2, pixel_kernel_avx2, pixel_kernel_avx512);
  return kernels;
}

const PixelKernel& pixel_kernel(Precision precision) {
  // oneDNN's word too, which ONEDNN_MAX_CPU_ISA may lower for both.
  static const bool has_bf16 = __builtin_cpu_supports("avx512bf16") && has_hardware_for(Precision::kBf16);
  static const PixelKernel bf16 = has_bf16 ? pixel_kernel_avx512_bf16() : PixelKernel{};
  return precision == Precision::kBf16 && has_bf16 ? bf16 : pixel_kernels().back();
}

std::vector<std::uint32_t> pack_pixel_weights(const MaskedConvOp& conv, int filters,
                                              std::span<const float> weights, const PixelKernel& kernel,
                                              int group) {
  const int taps = conv.kernel_height * conv.kernel_width, groups = conv.mask.groups;
  const int of_group = filters / groups, depth = conv.in_channels / groups;
  const int panels = (of_group + kernel.panel - 1) / kernel.panel;
  // Zero beyond the filters and beyond the depth.
  const auto weight = [&](int filter, int from, int k, int tap) {
    if (filter >= of_group || k >= depth) return 0.0f;
    const auto pair =
        static_cast<std::size_t>(group * of_group + filter) * static_cast<std::size_t>(conv.in_channels) +
        static_cast<std::size_t>(from * depth + k);
    return weights[pair * static_cast<std::size_t>(taps) + static_cast<std::size_t>(tap)];
  };
  const auto word = [&](int filter, int from, int at, int tap) {
    if (kernel.precision == Precision::kF32)
      return std::bit_cast<std::uint32_t>(weight(filter, from, at, tap));
    return to_bf16(weight(filter, from, 2 * at, tap)) |
           std::uint32_t{to_bf16(weight(filter, from, 2 * at + 1, tap))} << 16;
  };
  const int words = static_cast<int>(depth_words(kernel.precision, depth));
  std::vector<std::uint32_t> packed;
  for (int first = 0; first < panels * kernel.panel; first += kernel.panel)
    for (int tap = 0; tap < taps; ++tap)
      for (int from = 0; from < groups; ++from) {
        if (!is_live(conv.mask, conv.kernel_height, conv.kernel_width, tap / conv.kernel_width,
                     tap % conv.kernel_width, group, from))
          continue;
        for (int at = 0; at < words; ++at)
          for (int filter = first; filter < first + kernel.panel; ++filter)
            packed.push_back(word(filter, from, at, tap));
      }
  return packed;
}

}  // namespace pcnn

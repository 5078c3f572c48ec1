#include "engine/compile/kernels/pixel_gemm.h"

#include <bit>

#include "engine/compile/kernels/bf16_product.h"
#include "engine/core/bf16.h"
#include "engine/core/index.h"
#include "engine/core/instruction_sets.h"

namespace pcnn {

PixelKernel pixel_kernel_sse2();
PixelKernel pixel_kernel_avx2();
PixelKernel pixel_kernel_avx512();
PixelKernel pixel_kernel_avx512_bf16();
PixelKernel pixel_kernel_amx();

std::span<const PixelKernel> pixel_kernels() {
  static const std::vector<PixelKernel> kernels =
      kernels_that_run(pixel_kernel_sse2, pixel_kernel_avx2, pixel_kernel_avx512);
  return kernels;
}

std::vector<PixelKernel> runnable_pixel_kernels() {
  std::vector<PixelKernel> kernels(pixel_kernels().begin(), pixel_kernels().end());
  const Bf16Instructions here = bf16_instructions();
  if (here.vectors) kernels.push_back(pixel_kernel_avx512_bf16());
  if (here.tiles) kernels.push_back(pixel_kernel_amx());
  return kernels;
}

const PixelKernel& vector_kernel(Precision precision) {
  static const bool has_bf16 = bf16_instructions().vectors;
  static const PixelKernel bf16 = has_bf16 ? pixel_kernel_avx512_bf16() : PixelKernel{};
  return precision == Precision::kBf16 && has_bf16 ? bf16 : pixel_kernels().back();
}

const PixelKernel& pixel_kernel(Precision precision) {
  if (precision == Precision::kF32) return vector_kernel(precision);
  static const Bf16Product fastest = fastest_bf16_product(bf16_instructions());
  static const PixelKernel tiles = fastest == Bf16Product::kTiles ? pixel_kernel_amx() : PixelKernel{};
  if (fastest == Bf16Product::kTiles) return tiles;
  return vector_kernel(fastest == Bf16Product::kVectors ? precision : Precision::kF32);
}

std::vector<std::uint32_t> pack_pixel_weights(const KernelFilters& filters,
                                              std::span<const WeightSlice> slices, int depth,
                                              const PixelKernel& kernel) {
  // Zero beyond the filters, the depth, and the channels.
  const auto weight = [&](int filter, const WeightSlice& slice, int k) {
    if (filter >= filters.count || k >= depth || slice.first_channel + k >= filters.kernel.c) return 0.0f;
    return filters.weights[filters.kernel.offset(filters.first + filter, slice.first_channel + k, slice.row,
                                                 slice.column)];
  };
  const auto word = [&](int filter, const WeightSlice& slice, int at) {
    if (kernel.precision == Precision::kF32) return std::bit_cast<std::uint32_t>(weight(filter, slice, at));
    return to_bf16_word(weight(filter, slice, 2 * at), weight(filter, slice, 2 * at + 1));
  };
  const int words = static_cast<int>(depth_words(kernel.precision, depth));
  const std::size_t block = to_index(kernel.panel * kernel.block);
  std::vector<std::uint32_t> packed;
  for (int first = 0; first < filters.count; first += kernel.panel) {
    for (const WeightSlice& slice : slices)
      for (int at = 0; at < words; ++at)
        for (int filter = first; filter < first + kernel.panel; ++filter)
          packed.push_back(word(filter, slice, at));
    packed.resize((packed.size() + block - 1) / block * block, 0);
  }
  return packed;
}

}  // namespace pcnn

#pragma once

// The body of the product in pixel_gemm.h, once for every vector width. Included by one source file per
// instruction set, each compiled with that set's flags; everything here has internal linkage (simd.h). A
// register tile holds
//
//            filters ->   | vector 0 | vector 1 |   two vectors a panel, one to four panels
//     row 0               |  acc     |  acc     |   k runs innermost: per k, a broadcast of src[row][k]
//     row 1               |  acc     |  acc     |   the panel's row k
//     ...

#include <cstddef>
#include <cstdint>

#include "engine/compile/kernels/activation_tile.h"
#include "engine/compile/kernels/gate_tile.h"
#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/compile/kernels/word_products.h"
#include "engine/core/simd.h"

namespace pcnn {
namespace {

template <int kLanes, typename Product = FloatProduct<kLanes>>
struct PixelTile : ActivationTile<kLanes> {
  using typename Simd<kLanes>::Vector;
  using typename Simd<kLanes>::Integers;
  using typename Simd<kLanes>::Unsigned;
  using typename Simd<kLanes>::Halves;
  using Simd<kLanes>::load, Simd<kLanes>::store, Simd<kLanes>::load_part, Simd<kLanes>::store_part,
      Simd<kLanes>::larger;
  using ActivationTile<kLanes>::activate;

  static constexpr int kVectors = 2;  // in a panel
  static constexpr int kPanel = kVectors * kLanes;
  // Accumulators that fit beside a panel's row: 16 registers up to AVX2, 32 with AVX-512.
  static constexpr int kAccumulators = kLanes == 16 ? 24 : 12;
  static constexpr int kMaxRows = kAccumulators / kVectors;

  static void activate_all(const ActivationOp& op, std::size_t count, const float* src, float* dst) {
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) store(dst + i, activate(op, load(src + i)));
    if (i < count) store_part(dst + i, activate(op, load_part(src + i, count - i)), count - i);
  }

  static void gate_rows(std::size_t rows, std::size_t maps, const float* src, float* dst) {
    const auto gate = [](Vector a, Vector b) { return GateTile<kLanes>::gate(a, b); };
    for (std::size_t row = 0; row < rows; ++row, src += 2 * maps, dst += maps) {
      std::size_t i = 0;
      for (; i + kLanes <= maps; i += kLanes) store(dst + i, gate(load(src + i), load(src + maps + i)));
      if (const std::size_t left = maps - i; left > 0)
        store_part(dst + i, gate(load_part(src + i, left), load_part(src + maps + i, left)), left);
    }
  }

  // The words of a row at a tap; those of the rows after it follow.
  static const std::byte* source(const PixelGemm& gemm, int tap, int first_row, std::size_t words) {
    if constexpr (Product::kPrecision == Precision::kF32)
      return reinterpret_cast<const std::byte*>(gemm.taps[tap].src +
                                                static_cast<std::size_t>(first_row) * words);
    else if (const std::uint16_t* const rounded = gemm.taps[tap].rounded)
      return reinterpret_cast<const std::byte*>(rounded) +
             static_cast<std::size_t>(first_row) * words * sizeof(float);
    else
      return reinterpret_cast<const std::byte*>(gemm.scratch) +
             (static_cast<std::size_t>(tap) * static_cast<std::size_t>(gemm.rows) +
              static_cast<std::size_t>(first_row)) *
                 words * sizeof(float);
  }

  // A row of `depth` values as bf16, the last word filled up with zero.
  static void round(std::size_t depth, const float* src, std::uint16_t* dst) {
    std::size_t k = 0;
    for (; k + kLanes <= depth; k += kLanes) Product::store(dst + k, load(src + k));
    const std::size_t halves = depth + depth % 2;
    if (k == halves) return;
    float rest[kLanes] = {};
    std::uint16_t rounded[kLanes];
    __builtin_memcpy(rest, src + k, (depth - k) * sizeof(float));
    Product::store(rounded, load(rest));
    __builtin_memcpy(dst + k, rounded, (halves - k) * sizeof(std::uint16_t));
  }

  // Rows of one value, which is the first of its word.
  static void round_singles(std::size_t rows, const float* src, std::uint16_t* dst) {
    for (std::size_t row = 0; row < rows; row += kLanes) {
      const std::size_t count = rows - row < kLanes ? rows - row : kLanes;
      std::uint16_t rounded[kLanes];
      Product::store(rounded, count < kLanes ? load_part(src + row, count) : load(src + row));
      Halves halves;
      __builtin_memcpy(&halves, rounded, sizeof(halves));
      const Unsigned words = __builtin_convertvector(halves, Unsigned);
      __builtin_memcpy(dst + 2 * row, &words, count * sizeof(std::uint32_t));
    }
  }

  // The sources that are not kept rounded, into scratch.
  static void round_sources(const PixelGemm& gemm) {
    const auto depth = static_cast<std::size_t>(gemm.depth),
               halves = 2 * depth_words(Precision::kBf16, gemm.depth);
    const auto rows = static_cast<std::size_t>(gemm.rows);
    std::uint16_t* dst = gemm.scratch;
    for (int tap = 0; tap < gemm.tap_count; ++tap, dst += rows * halves) {
      const float* const src = gemm.taps[tap].src;
      if (gemm.taps[tap].rounded) continue;
      if (depth == 1)
        round_singles(rows, src, dst);
      else
        for (std::size_t row = 0; row < rows; ++row) round(depth, src + row * depth, dst + row * halves);
    }
  }

  template <int kRows, int kPanels>
  static void tile(const PixelGemm& gemm, int first_row, int panel) {
    constexpr int kColumns = kPanels * kVectors;
    Vector sums[kRows][kColumns];
    const float* bias = gemm.bias + panel * kPanel;
#pragma GCC unroll 32
    for (int column = 0; column < kColumns; ++column)
#pragma GCC unroll 32
      for (int row = 0; row < kRows; ++row) sums[row][column] = load(bias + column * kLanes);

    const std::size_t words = depth_words(Product::kPrecision, gemm.depth);
    const std::uint32_t* weights = gemm.weights + static_cast<std::size_t>(panel) * gemm.panel_words;
    for (int tap = 0; tap < gemm.tap_count; ++tap) {
      const std::byte* src = source(gemm, tap, first_row, words);
      const std::uint32_t* packed = weights + gemm.taps[tap].packed_offset;
      for (std::size_t k = 0; k < words; ++k, packed += kPanel) {
        Vector rows[kColumns];
#pragma GCC unroll 32
        for (int column = 0; column < kColumns; ++column)
          __builtin_memcpy(&rows[column],
                           packed + static_cast<std::size_t>(column / kVectors) * gemm.panel_words +
                               column % kVectors * kLanes,
                           sizeof(Vector));
#pragma GCC unroll 32
        for (int row = 0; row < kRows; ++row) {
          float value;
          __builtin_memcpy(&value, src + (static_cast<std::size_t>(row) * words + k) * sizeof(float),
                           sizeof(float));
#pragma GCC unroll 32
          for (int column = 0; column < kColumns; ++column)
            sums[row][column] = Product::add(sums[row][column], value, rows[column]);
        }
      }
    }
    finish<kRows, kColumns>(gemm, first_row, panel * kPanel, sums);
  }

  // Relu (the only activation that gets here), skip and store, each decided once for the whole tile.
  template <int kRows, int kColumns>
  static void finish(const PixelGemm& gemm, int first_row, int filter, Vector (&sums)[kRows][kColumns]) {
    const auto for_all = [&](auto&& action) {
#pragma GCC unroll 32
      for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 32
        for (int column = 0; column < kColumns; ++column) action(row, column);
    };
    if (gemm.activation)
      for_all([&](int row, int column) { sums[row][column] = larger(sums[row][column], Vector{}); });

    const std::size_t stride = static_cast<std::size_t>(gemm.filters),
                      first = static_cast<std::size_t>(first_row) * stride + static_cast<std::size_t>(filter);
    const auto place = [&](int row, int column) {
      return first + static_cast<std::size_t>(row) * stride + static_cast<std::size_t>(column * kLanes);
    };
    const int left = gemm.filters - filter;
    if (left < kColumns * kLanes) {
      float whole[kRows][kColumns * kLanes];
      for_all([&](int row, int column) { store(whole[row] + column * kLanes, sums[row][column]); });
      for (int row = 0; row < kRows; ++row)
        for (int i = 0; i < left; ++i) {
          const std::size_t at = place(row, 0) + static_cast<std::size_t>(i);
          gemm.dst[at] = gemm.skip ? whole[row][i] + gemm.skip[at] : whole[row][i];
        }
    } else if (gemm.skip) {
      for_all([&](int row, int column) {
        store(gemm.dst + place(row, column), sums[row][column] + load(gemm.skip + place(row, column)));
      });
    } else {
      for_all([&](int row, int column) { store(gemm.dst + place(row, column), sums[row][column]); });
    }
  }

  template <int kRows>
  static void panels_of_tile(const PixelGemm& gemm, int first_row, int panel, int panels) {
    if constexpr (kRows * kVectors * 4 <= kAccumulators)
      if (panels == 4) return tile<kRows, 4>(gemm, first_row, panel);
    if constexpr (kRows * kVectors * 2 <= kAccumulators)
      for (; panels >= 2; panel += 2, panels -= 2) tile<kRows, 2>(gemm, first_row, panel);
    for (; panels > 0; ++panel, --panels) tile<kRows, 1>(gemm, first_row, panel);
  }

  // Calls the tile for this number of rows, 1..kMaxRows.
  template <int kRows = kMaxRows>
  static void tile_of(int rows, const PixelGemm& gemm, int first_row, int panel, int panels) {
    if constexpr (kRows > 1)
      if (rows < kRows) return tile_of<kRows - 1>(rows, gemm, first_row, panel, panels);
    panels_of_tile<kRows>(gemm, first_row, panel, panels);
  }

  // The product with relu or no activation. The sources of so many rows stay in the second-level cache while
  // all panels pass over them.
  static void run_tiles(const PixelGemm& gemm) {
    constexpr int kRowsAtOnce = 32 * kMaxRows;
    for (int row = 0; row < gemm.rows; row += kRowsAtOnce)
      run_rows(gemm, row, gemm.rows - row < kRowsAtOnce ? gemm.rows - row : kRowsAtOnce);
  }

  static void run_rows(const PixelGemm& gemm, int begin, int count) {
    const int panels = (gemm.filters + kPanel - 1) / kPanel;
    const int tiles = (count + kMaxRows - 1) / kMaxRows;
    // Where few rows leave registers free, several panels share a tile. A tile's panels stay in the
    // first-level cache while all rows pass over them.
    const int tallest = (count + tiles - 1) / tiles * kVectors;
    const int together = tallest * 4 <= kAccumulators ? 4 : tallest * 2 <= kAccumulators ? 2 : 1;
    for (int panel = 0; panel < panels; panel += together)
      for (int i = 0, done = 0; i < tiles; ++i) {
        const int rows = (count - done) / (tiles - i);  // tiles of equal height, as far as it goes
        tile_of(rows, gemm, begin + done, panel, panels - panel < together ? panels - panel : together);
        done += rows;
      }
  }

  static void run(const PixelGemm& gemm) {
    if constexpr (Product::kPrecision == Precision::kBf16) round_sources(gemm);
    with_activation(gemm, run_tiles);
  }

  // Activations with more to them than relu take a pass of their own over the result of the product.
  static void with_activation(const PixelGemm& gemm, void (*product)(const PixelGemm&)) {
    if (!gemm.activation || gemm.activation->function == Activation::kRelu) return product(gemm);
    PixelGemm bare = gemm;
    bare.activation = nullptr;
    bare.skip = nullptr;
    product(bare);
    const std::size_t count = static_cast<std::size_t>(gemm.rows) * static_cast<std::size_t>(gemm.filters);
    activate_all(*gemm.activation, count, gemm.dst, gemm.dst);
    if (gemm.skip)
      for (std::size_t i = 0; i < count; ++i) gemm.dst[i] += gemm.skip[i];
  }
};

}  // namespace
}  // namespace pcnn

#pragma once

// The last step of a convolution between maps in blocks (convolutions.h): from its sums, still in registers,
// to dst. Included by source files that are built once per instruction set.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/compile/backend.h"
#include "engine/compile/kernels/activation_tile.h"
#include "engine/compile/kernels/convolutions.h"

namespace pcnn {
namespace {

// Product: see word_products.h.
template <int kLanes, typename Product>
class BlockedConvResult : protected ActivationTile<kLanes> {
 protected:
  using Element = std::conditional_t<Product::kPrecision == Precision::kF32, float, std::uint16_t>;
  using Maps = BlockedMaps<Element>;
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::load, Simd<kLanes>::load_part, Simd<kLanes>::larger;
  using ActivationTile<kLanes>::activate, ActivationTile<kLanes>::with_derivative;

  BlockedConvResult(const BlockedConv& conv, const Maps& maps)
      : c_(conv),
        m_(maps),
        blocks_((conv.filters + kLanes - 1) / kLanes),
        plane_(size(conv.height * conv.width) * kLanes) {}

  static std::size_t size(int value) { return static_cast<std::size_t>(value); }

  [[nodiscard]] Vector bias_of(int block) const {
    if (!c_.bias) return Vector{};
    const int left = c_.filters - block * kLanes;
    return left < kLanes ? load_part(c_.bias + block * kLanes, size(left)) : load(c_.bias + block * kLanes);
  }

  // sums: of `kPixels` pixels that follow each other, by `kBlocks` blocks of filters from `block` on, with
  // their bias; pixel: the first one, of the image.
  template <int kPixels, int kBlocks>
  void finish(int image, int block, int pixel, Vector (&sums)[kPixels][kBlocks]) const {
    const std::size_t at = size(image * blocks_ + block) * plane_ + size(pixel) * kLanes;
    const auto for_all = [&](auto&& action) {
#pragma GCC unroll 16
      for (int b = 0; b < kBlocks; ++b)
#pragma GCC unroll 32
        for (int p = 0; p < kPixels; ++p) action(sums[p][b], at + size(b) * plane_ + size(p) * kLanes);
    };
    const auto is_relu = [](const ActivationOp* op) { return op && op->function == Activation::kRelu; };
    if (is_relu(c_.activation))
      for_all([](Vector& sum, std::size_t) { sum = larger(sum, Vector{}); });
    else if (c_.activation)
      rarely(sums, [&](Vector* all) { activate_all(block, kPixels, kBlocks, all); });
    if (m_.unsummed)
      for_all([&](Vector& sum, std::size_t place) { Product::store(m_.unsummed + place, sum); });
    if (m_.added) for_all([&](Vector& sum, std::size_t place) { sum += load(m_.added + place); });
    if (is_relu(c_.derivative))
      for_all(
          [&](Vector& sum, std::size_t place) { sum = load(m_.value + place) > Vector{} ? sum : Vector{}; });
    else if (c_.derivative)
      rarely(sums, [&](Vector* all) { multiply_all(at, kPixels, kBlocks, all); });
    for_all([&](Vector& sum, std::size_t place) { Product::store(m_.dst + place, sum); });
  }

  const BlockedConv& c_;
  const Maps& m_;
  const int blocks_;         // of filters
  const std::size_t plane_;  // elements of a block of maps

 private:
  // What is compiled once for all sizes of tiles, not in each, on a copy: sums stay in registers otherwise.
  template <int kPixels, int kBlocks, typename Run>
  static void rarely(Vector (&sums)[kPixels][kBlocks], Run&& run) {
    Vector all[kPixels * kBlocks];
#pragma GCC unroll 32
    for (int i = 0; i < kPixels * kBlocks; ++i) all[i] = sums[i / kBlocks][i % kBlocks];
    run(all);
#pragma GCC unroll 32
    for (int i = 0; i < kPixels * kBlocks; ++i) sums[i / kBlocks][i % kBlocks] = all[i];
  }

  // What fills up the last block stays 0.
  __attribute__((noinline)) void activate_all(int block, int pixels, int count, Vector* sums) const {
    for (int i = 0; i < pixels * count; ++i) {
      sums[i] = activate(*c_.activation, sums[i]);
      const int filled = c_.filters - (block + i % count) * kLanes;
      for (int lane = filled; lane < kLanes; ++lane) sums[i][lane] = 0.0f;
    }
  }

  __attribute__((noinline)) void multiply_all(std::size_t at, int pixels, int count, Vector* sums) const {
    with_derivative(*c_.derivative, [&](auto derivative) {
      for (int i = 0; i < pixels * count; ++i)
        sums[i] =
            derivative(load(m_.value + at + size(i % count) * plane_ + size(i / count) * kLanes), sums[i]);
    });
  }
};

}  // namespace
}  // namespace pcnn

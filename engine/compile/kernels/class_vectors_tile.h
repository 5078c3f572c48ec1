#pragma once

// The vectors of classes, once for every vector width. Included by source files that are built once per
// instruction set.
//
// A block of maps is one run of memory, pixel after pixel, and what is added to it repeats:
//
//     block of 1       v0 v0 v0 v0 v0 v0 v0 v0 ...     planes
//     block of 4       v0 v1 v2 v3 v0 v1 v2 v3 ...
//
// As long as the repeat and a vector of the machine divide each other, whatever the number of pixels; blocks
// of other sizes (pixels with all their maps) are passed over pixel by pixel.

#include <cstddef>

#include "engine/compile/kernels/activation_tile.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/simd.h"

namespace pcnn {
namespace {

template <int kLanes>
class ClassVectorsTile : ActivationTile<kLanes> {
 public:
  template <typename Element>
  static void add(const ClassVectors& vectors, const Element* src, Element* dst) {
    const ActivationOp* op = vectors.activation;
    if (!op) return add_all(vectors, src, dst, [](Vector x) { return x; });
    if (op->function == Activation::kRelu)
      return add_all(vectors, src, dst, [](Vector x) { return larger(x, Vector{}); });
    add_all(vectors, src, dst, [op](Vector x) { return activate(*op, x); });
  }

  template <typename Element>
  static void sum(const MapLayout& layout, const int* classes, const Element* diff_dst, float* gradients) {
    for_each_block(layout, [&](int image, int map, int present, std::size_t first, std::size_t size) {
      float* to = gradients + place(classes[image], layout.maps, map);
      if (repeats(layout.block))
        sum_run(layout.block, present, size, diff_dst + first, to);
      else
        sum_pixels(layout.block, layout.pixels, diff_dst + first, to);
    });
  }

 private:
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::load, Simd<kLanes>::store, Simd<kLanes>::load_part, Simd<kLanes>::store_part,
      Simd<kLanes>::larger;
  using ActivationTile<kLanes>::activate;

  static constexpr int kMostRepeat = 16;
  static constexpr int kVectors = kMostRepeat / kLanes;  // that hold the longest repeat

  static bool repeats(int block) { return block <= kMostRepeat && (block & (block - 1)) == 0; }
  static std::size_t place(int row, int columns, int column) {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
           static_cast<std::size_t>(column);
  }

  // Of every image: visit(image, first map, maps that are there, where the block begins, its elements).
  template <typename Visit>
  static void for_each_block(const MapLayout& layout, Visit&& visit) {
    const std::size_t size = place(layout.pixels, layout.block, 0);
    std::size_t first = 0;
    for (int image = 0; image < layout.images; ++image)
      for (int map = 0; map < layout.maps; map += layout.block, first += size) {
        const int left = layout.maps - map;
        visit(image, map, left < layout.block ? left : layout.block, first, size);
      }
  }

  template <typename Element, typename Function>
  static void add_all(const ClassVectors& vectors, const Element* src, Element* dst, Function function) {
    const MapLayout& layout = vectors.layout;
    for_each_block(layout, [&](int image, int map, int present, std::size_t first, std::size_t size) {
      const float* vector = vectors.table + place(vectors.classes[image], layout.maps, map);
      if (repeats(layout.block))
        add_run(layout.block, present, vector, size, src + first, dst + first, function);
      else
        add_pixels(layout.block, layout.pixels, vector, src + first, dst + first, function);
    });
  }

  template <typename Element, typename Function>
  static void add_run(int block, int present, const float* vector, std::size_t count, const Element* src,
                      Element* dst, Function function) {
    float repeat[kMostRepeat], live[kMostRepeat];
    for (int i = 0; i < kMostRepeat; ++i) {
      const int map = i & (block - 1);
      repeat[i] = map < present ? vector[map] : 0.0f;
      live[i] = map < present ? 1.0f : 0.0f;
    }
    // f(0) need not be zero, what fills up a block must be.
    const bool whole = present == block;
    const auto value = [&](Vector x, int part) {
      const Vector result = function(x + load(repeat + part * kLanes));
      return whole ? result : load(live + part * kLanes) > Vector{} ? result : Vector{};
    };
    std::size_t i = 0;
    for (; i + kMostRepeat <= count; i += kMostRepeat)
#pragma GCC unroll 4
      for (int part = 0; part < kVectors; ++part) {
        const std::size_t at = i + static_cast<std::size_t>(part * kLanes);
        store(dst + at, value(load(src + at), part));
      }
    for (int part = 0; i < count; ++part, i += kLanes) {
      const std::size_t left = count - i < kLanes ? count - i : kLanes;
      store_part(dst + i, value(load_part(src + i, left), part), left);
    }
  }

  template <typename Element, typename Function>
  static void add_pixels(int maps, int pixels, const float* vector, const Element* src, Element* dst,
                         Function function) {
    const auto count = static_cast<std::size_t>(maps);
    for (int pixel = 0; pixel < pixels; ++pixel, src += count, dst += count) {
      std::size_t i = 0;
      for (; i + kLanes <= count; i += kLanes) store(dst + i, function(load(src + i) + load(vector + i)));
      if (const std::size_t left = count - i; left > 0)
        store_part(dst + i, function(load_part(src + i, left) + load_part(vector + i, left)), left);
    }
  }

  // Sixteen or more elements a turn, in sums of their own; then those of one map, in order.
  template <typename Element>
  static void sum_run(int block, int present, std::size_t count, const Element* diff, float* to) {
    constexpr int kSums = kVectors < 4 ? 4 : kVectors;
    constexpr std::size_t kTurn = std::size_t{kSums} * kLanes;
    Vector sums[kSums] = {};
    std::size_t i = 0;
    for (; i + kTurn <= count; i += kTurn)
#pragma GCC unroll 4
      for (int k = 0; k < kSums; ++k) sums[k] += load(diff + i + static_cast<std::size_t>(k * kLanes));
    for (int k = 0; i < count; ++k, i += kLanes) {
      const std::size_t left = count - i < kLanes ? count - i : kLanes;
      sums[k] += load_part(diff + i, left);
    }
    float parts[kTurn];
    for (int k = 0; k < kSums; ++k) store(parts + k * kLanes, sums[k]);
    for (int map = 0; map < present; ++map) {
      float sum = 0.0f;
      for (std::size_t part = static_cast<std::size_t>(map); part < kTurn;
           part += static_cast<std::size_t>(block))
        sum += parts[part];
      to[map] += sum;
    }
  }

  template <typename Element>
  static void sum_pixels(int maps, int pixels, const Element* diff, float* to) {
    constexpr std::size_t kSums = 4;
    const auto count = static_cast<std::size_t>(maps);
    std::size_t map = 0;
    for (; map + kSums * kLanes <= count; map += kSums * kLanes) {
      Vector sums[kSums] = {};
      for (std::size_t pixel = 0; pixel < static_cast<std::size_t>(pixels); ++pixel)
#pragma GCC unroll 4
        for (std::size_t k = 0; k < kSums; ++k) sums[k] += load(diff + pixel * count + map + k * kLanes);
      for (std::size_t k = 0; k < kSums; ++k) {
        float* sum = to + map + k * kLanes;
        store(sum, load(sum) + sums[k]);
      }
    }
    for (; map < count; map += kLanes) {
      const std::size_t left = count - map < kLanes ? count - map : kLanes;
      Vector sum{};
      for (std::size_t pixel = 0; pixel < static_cast<std::size_t>(pixels); ++pixel)
        sum += load_part(diff + pixel * count + map, left);
      store_part(to + map, load_part(to + map, left) + sum, left);
    }
  }
};

}  // namespace
}  // namespace pcnn

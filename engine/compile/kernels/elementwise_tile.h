#pragma once

// Elementwise passes over whole buffers, once for every vector width. Included by source files that are built
// once per instruction set.

#include <cstddef>

#include "engine/compile/kernels/activation_tile.h"
#include "engine/compile/kernels/attention_tile.h"
#include "engine/compile/kernels/blocked_conv_tile.h"
#include "engine/compile/kernels/class_vectors_tile.h"
#include "engine/compile/kernels/dropout_tile.h"
#include "engine/compile/kernels/gate_tile.h"
#include "engine/compile/kernels/lstm_tile.h"
#include "engine/compile/kernels/plane_conv_tile.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/simd.h"
#include "engine/model/network.h"

namespace pcnn {
namespace {

template <int kLanes>
struct ElementwiseTile : Simd<kLanes> {
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::load, Simd<kLanes>::store;

  // dst[i] = f(a[i], b[i]); dst may be a or b.
  template <typename Element, typename Function>
  static void map(std::size_t count, const Element* a, const Element* b, Element* dst, Function function) {
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) store(dst + i, function(load(a + i), load(b + i)));
    if (i == count) return;
    const std::size_t bytes = (count - i) * sizeof(Element);
    Element x[kLanes] = {}, y[kLanes] = {};
    __builtin_memcpy(x, a + i, bytes);
    __builtin_memcpy(y, b + i, bytes);
    store(x, function(load(x), load(y)));
    __builtin_memcpy(dst + i, x, bytes);
  }

  template <typename Element>
  static void activation_backward(const ActivationOp& op, std::size_t count, const Element* dst,
                                  const Element* diff_dst, Element* diff_src) {
    ActivationTile<kLanes>::with_derivative(
        op, [&](auto derivative) { map(count, dst, diff_dst, diff_src, derivative); });
  }

  template <typename Element>
  static void gate(std::size_t count, const Element* a, const Element* b, Element* dst) {
    map(count, a, b, dst, [](Vector x, Vector y) { return GateTile<kLanes>::gate(x, y); });
  }

  template <typename Element>
  static void gate_backward(std::size_t count, const Element* a, const Element* b, const Element* diff_dst,
                            Element* diff_a, Element* diff_b) {
    const auto run = [](const Element* x, const Element* y, const Element* d, Element* dx, Element* dy) {
      const auto derivatives = GateTile<kLanes>::gate_derivatives(load(x), load(y));
      const Vector diff = load(d);
      store(dx, diff * derivatives.a);
      store(dy, diff * derivatives.b);
    };
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) run(a + i, b + i, diff_dst + i, diff_a + i, diff_b + i);
    if (i == count) return;
    const std::size_t bytes = (count - i) * sizeof(Element);
    Element x[kLanes] = {}, y[kLanes] = {}, d[kLanes] = {};
    __builtin_memcpy(x, a + i, bytes);
    __builtin_memcpy(y, b + i, bytes);
    __builtin_memcpy(d, diff_dst + i, bytes);
    run(x, y, d, x, y);
    __builtin_memcpy(diff_a + i, x, bytes);
    __builtin_memcpy(diff_b + i, y, bytes);
  }

  template <typename Element>
  static void sum(std::size_t count, const Element* a, const Element* b, Element* dst) {
    map(count, a, b, dst, [](Vector x, Vector y) { return x + y; });
  }
};

// Those of training_kernels.h, without a weight gradient.
template <int kLanes>
TrainingKernels kernels_of_lanes(const char* name) {
  using Tile = ElementwiseTile<kLanes>;
  using ByClass = ClassVectorsTile<kLanes>;
  return {.name = name,
          .lanes = kLanes,
          .activation_backward = Tile::template activation_backward<float>,
          .sum = Tile::template sum<float>,
          .gate = Tile::template gate<float>,
          .gate_backward = Tile::template gate_backward<float>,
          .activation_backward_bf16 = Tile::template activation_backward<Bf16>,
          .sum_bf16 = Tile::template sum<Bf16>,
          .gate_bf16 = Tile::template gate<Bf16>,
          .gate_backward_bf16 = Tile::template gate_backward<Bf16>,
          .add_class_vectors = ByClass::template add<float>,
          .add_class_vectors_bf16 = ByClass::template add<Bf16>,
          .sum_by_class = ByClass::template sum<float>,
          .sum_by_class_bf16 = ByClass::template sum<Bf16>,
          .dropout = DropoutTile<kLanes>::template run<float>,
          .dropout_bf16 = DropoutTile<kLanes>::template run<Bf16>,
          .plane_conv = PlaneConvTile<kLanes>::forward,
          .plane_conv_backward = PlaneConvTile<kLanes>::backward,
          .lstm = LstmTile<kLanes>::run,
          .lstm_backward = LstmTile<kLanes>::run_backward,
          .softmax_row = AttentionTile<kLanes>::softmax_row,
          .softmax_row_again = AttentionTile<kLanes>::softmax_row_again,
          .softmax_row_backward = AttentionTile<kLanes>::softmax_row_backward};
}

}  // namespace
}  // namespace pcnn

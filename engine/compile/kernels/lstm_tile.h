#pragma once

// The cells of an LSTM and their derivatives, of vectors of any width. Included by source files that are
// built once per instruction set.

#include <cstddef>

#include "engine/compile/kernels/gate_tile.h"
#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/simd.h"

namespace pcnn {
namespace {

template <int kLanes>
struct LstmTile : GateTile<kLanes> {
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::load, Simd<kLanes>::store, Simd<kLanes>::load_part, Simd<kLanes>::store_part;
  using GateTile<kLanes>::bounded_exponential;

  static Vector sigmoid(Vector x) { return 1.0f / (1.0f + bounded_exponential(-x)); }
  static Vector hyperbolic_tangent(Vector x) {
    const Vector u = bounded_exponential(-2.0f * x);
    return (1.0f - u) / (1.0f + u);
  }

  // The whole vectors of `maps` values, then what is left of them: visit(first, read, write), which read and
  // write a vector at an address.
  template <typename Visit>
  static void for_each_vector(std::size_t maps, Visit&& visit) {
    std::size_t map = 0;
    for (; map + kLanes <= maps; map += kLanes)
      visit(
          map, [](const float* from) { return load(from); },
          [](float* to, Vector value) { store(to, value); });
    if (const std::size_t left = maps - map; left > 0)
      visit(
          map, [left](const float* from) { return load_part(from, left); },
          [left](float* to, Vector value) { store_part(to, value, left); });
  }

  static void run(const LstmCells& cells) {
    const std::size_t maps = cells.maps;
    for (std::size_t row = 0; row < cells.rows; ++row) {
      float* const gates = cells.gates + 4 * row * maps;
      for_each_vector(maps, [&](std::size_t map, auto read, auto write) {
        float *const i_at = gates + map, *const f_at = i_at + maps, *const g_at = f_at + maps,
                     *const o_at = g_at + maps;
        const Vector i = sigmoid(read(i_at)), f = sigmoid(read(f_at) + 1.0f),
                     g = hyperbolic_tangent(read(g_at)), o = sigmoid(read(o_at));
        const std::size_t at = row * maps + map;
        const Vector before = cells.cell_before ? read(cells.cell_before + at) : Vector{};
        const Vector cell = f * before + i * g;
        write(i_at, i);
        write(f_at, f);
        write(g_at, g);
        write(o_at, o);
        write(cells.cell + at, cell);
        write(cells.hidden + at, o * hyperbolic_tangent(cell));
      });
    }
  }

  static void run_backward(const LstmCellsBackward& cells) {
    const std::size_t maps = cells.maps;
    for (std::size_t row = 0; row < cells.rows; ++row) {
      float* const gates = cells.gates + 4 * row * maps;
      for_each_vector(maps, [&](std::size_t map, auto read, auto write) {
        float *const i_at = gates + map, *const f_at = i_at + maps, *const g_at = f_at + maps,
                     *const o_at = g_at + maps;
        const Vector i = read(i_at), f = read(f_at), g = read(g_at), o = read(o_at);
        const std::size_t at = row * maps + map;
        const Vector before = cells.cell_before ? read(cells.cell_before + at) : Vector{};
        const Vector t = hyperbolic_tangent(read(cells.cell + at)), dh = read(cells.diff_hidden + at);
        const Vector dc = read(cells.carry + at) + dh * o * (1.0f - t * t);
        write(i_at, dc * g * (i * (1.0f - i)));
        write(f_at, dc * before * (f * (1.0f - f)));
        write(g_at, dc * i * (1.0f - g * g));
        write(o_at, dh * t * (o * (1.0f - o)));
        write(cells.carry + at, dc * f);
      });
    }
  }
};

}  // namespace
}  // namespace pcnn

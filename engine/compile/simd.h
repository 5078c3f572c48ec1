#pragma once

// Vectors of floats, for the files that are built once per instruction set. Everything here has internal
// linkage, so that no code for one machine is linked into a program for another.

#include <cstdint>

namespace pcnn {
namespace {

// GCC drops a vector size that depends on a template's argument, hence the three of them by hand.
template <int kLanes>
struct VectorsOf;
template <>
struct VectorsOf<4> {
  typedef float Floats __attribute__((vector_size(16)));
  typedef int Integers __attribute__((vector_size(16)));
  typedef unsigned Unsigned __attribute__((vector_size(16)));
  typedef std::uint16_t Halves __attribute__((vector_size(8)));
};
template <>
struct VectorsOf<8> {
  typedef float Floats __attribute__((vector_size(32)));
  typedef int Integers __attribute__((vector_size(32)));
  typedef unsigned Unsigned __attribute__((vector_size(32)));
  typedef std::uint16_t Halves __attribute__((vector_size(16)));
};
template <>
struct VectorsOf<16> {
  typedef float Floats __attribute__((vector_size(64)));
  typedef int Integers __attribute__((vector_size(64)));
  typedef unsigned Unsigned __attribute__((vector_size(64)));
  typedef std::uint16_t Halves __attribute__((vector_size(32)));
};

template <int kLanes>
struct Simd {
  using Vector = typename VectorsOf<kLanes>::Floats;
  using Integers = typename VectorsOf<kLanes>::Integers;
  using Unsigned = typename VectorsOf<kLanes>::Unsigned;
  using Halves = typename VectorsOf<kLanes>::Halves;

  static Vector load(const float* from) {
    Vector value;
    __builtin_memcpy(&value, from, sizeof(Vector));
    return value;
  }
  static void store(float* to, Vector value) { __builtin_memcpy(to, &value, sizeof(Vector)); }

  // bf16: the upper half of each float.
  static Vector load(const std::uint16_t* from) {
    Halves halves;
    __builtin_memcpy(&halves, from, sizeof(Halves));
    return (Vector)(__builtin_convertvector(halves, Unsigned) << 16);
  }
  // To the nearest, ties to even; a NaN stays one.
  static void store(std::uint16_t* to, Vector value) {
    const Unsigned bits = (Unsigned)value;
    const Unsigned nearest = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const Unsigned chosen = value == value ? nearest : (bits >> 16) | 0x40u;
    const Halves halves = __builtin_convertvector(chosen, Halves);
    __builtin_memcpy(to, &halves, sizeof(Halves));
  }

  static Vector larger(Vector a, Vector b) { return a > b ? a : b; }
  static Vector smaller(Vector a, Vector b) { return a < b ? a : b; }
};

}  // namespace
}  // namespace pcnn

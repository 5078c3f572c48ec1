#pragma once

// Vectors of floats, for the files that are built once per instruction set. Everything here has internal
// linkage, so that no code for one machine is linked into a program for another.

namespace pcnn {
namespace {

// GCC drops a vector size that depends on a template's argument, hence the three of them by hand.
template <int kLanes>
struct VectorsOf;
template <>
struct VectorsOf<4> {
  typedef float Floats __attribute__((vector_size(16)));
  typedef int Integers __attribute__((vector_size(16)));
};
template <>
struct VectorsOf<8> {
  typedef float Floats __attribute__((vector_size(32)));
  typedef int Integers __attribute__((vector_size(32)));
};
template <>
struct VectorsOf<16> {
  typedef float Floats __attribute__((vector_size(64)));
  typedef int Integers __attribute__((vector_size(64)));
};

template <int kLanes>
struct Simd {
  using Vector = typename VectorsOf<kLanes>::Floats;
  using Integers = typename VectorsOf<kLanes>::Integers;

  static Vector load(const float* from) {
    Vector value;
    __builtin_memcpy(&value, from, sizeof(Vector));
    return value;
  }
  static void store(float* to, Vector value) { __builtin_memcpy(to, &value, sizeof(Vector)); }

  static Vector larger(Vector a, Vector b) { return a > b ? a : b; }
  static Vector smaller(Vector a, Vector b) { return a < b ? a : b; }
};

}  // namespace
}  // namespace pcnn

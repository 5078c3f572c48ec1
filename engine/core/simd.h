#pragma once

// Vectors of floats. Everything here has internal linkage, so that where files are built once per instruction
// set no code for one machine is linked into a program for another.

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

  // `count` elements, fewer than a vector; the rest is zero.
  template <typename Element>
  static Vector load_part(const Element* from, std::size_t count) {
    Element part[kLanes] = {};
    __builtin_memcpy(part, from, count * sizeof(Element));
    return load(part);
  }
  template <typename Element>
  static void store_part(Element* to, Vector value, std::size_t count) {
    Element part[kLanes];
    store(part, value);
    __builtin_memcpy(to, part, count * sizeof(Element));
  }

  // Where either is NaN: the second.
  static Vector larger(Vector a, Vector b) { return a > b ? a : b; }
  static Vector smaller(Vector a, Vector b) { return a < b ? a : b; }

  // e^x to about 2 units in the last place, x cut to [-87, 88]: x = n ln 2 + r with |r| <= ln 2 / 2, then
  // Taylor's polynomial of degree 7 in r, then n into the exponent.
  static Vector exponential(Vector x) {
    x = smaller(Vector{} + 88.0f, larger(Vector{} - 87.0f, x));  // in this order a NaN stays one
    const Vector rounder = Vector{} + 12582912.0f;  // 1.5 * 2^23: the sum's low bits are the nearest integer
    const Vector shifted = x * 1.44269504f + rounder;
    const Vector n = shifted - rounder;
    const Vector r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts
    Vector p = Vector{} + 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const Integers exponent = ((Integers)shifted - (Integers)rounder + 127) << 23;
    return p * (Vector)exponent;
  }

  // Natural logarithm of positive normal numbers, infinity and NaN to about 2 units in the last place: x =
  // 2^n m with m in [sqrt(1/2), sqrt(2)), then log m = 2 atanh(t) with t = (m - 1) / (m + 1), |t| <= 0.172.
  static Vector logarithm(Vector x) {
    const Integers shifted = (Integers)x - 0x3f3504f3;  // bits of sqrt(1/2)
    const Integers n = shifted >> 23;
    const Vector m = (Vector)((Integers)x - (n << 23));
    const Vector t = (m - 1.0f) / (m + 1.0f), square = t * t;
    Vector p = Vector{} + 2.0f / 9;
    p = p * square + 2.0f / 7;
    p = p * square + 2.0f / 5;
    p = p * square + 2.0f / 3;
    const Vector exponent = __builtin_convertvector(n, Vector);
    // ln 2 in two parts, the small ones added first.
    const Vector sum = (exponent * -2.12194440e-4f + p * square * t + 2.0f * t) + exponent * 0.693359375f;
    return x <= 3.4028235e38f ? sum : x;
  }
};

}  // namespace
}  // namespace pcnn

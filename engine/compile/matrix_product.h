#pragma once

#include <span>

namespace pcnn {

// A matrix of f32 in rows, one after the other; `transposed`: it stands for its transpose.
struct MatrixView {
  std::span<const float> values;  // rows * columns
  int rows = 0;                   // as it lies there, here and below
  int columns = 0;
  bool transposed = false;
};

// dst = alpha a b + beta dst, with dst in rows. On the calling thread alone, in one order of additions for
// these shapes, so that the same values give the same bits. dst overlaps neither. Throws ComputeError where
// the shapes do not fit.
void multiply(float alpha, const MatrixView& a, const MatrixView& b, float beta, std::span<float> dst);

}  // namespace pcnn

#pragma once

#include <cstddef>
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

// A part of a larger matrix: its rows lie `stride` floats apart.
struct StridedMatrix {
  const float* values = nullptr;
  std::size_t rows = 0;  // as it lies there, here and below
  std::size_t columns = 0;
  std::size_t stride = 0;
  bool transposed = false;
};

// The same, for a caller that is inside SingleThreadedCompute::run() already, and whose shapes fit.
void multiply_on_this_thread(float alpha, const StridedMatrix& a, const StridedMatrix& b, float beta,
                             float* dst, std::size_t dst_stride);

}  // namespace pcnn

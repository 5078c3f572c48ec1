#include "engine/train/orthogonalise.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/compile/matrix_product.h"
#include "engine/core/index.h"
#include "engine/train/gradient.h"

namespace pcnn {
namespace {

constexpr int kSteps = 5;
constexpr double kEpsilon = 1e-7;
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;

}  // namespace

void orthogonalise(std::span<float> matrix, int rows, OrthogonaliseMemory& memory) {
  const auto scale = static_cast<float>(1.0 / (std::sqrt(squared_norm(matrix)) + kEpsilon));
  for (float& value : matrix) value *= scale;

  // The products are of the smaller side's size: (X X^T) X or X (X^T X).
  const int columns = static_cast<int>(matrix.size()) / rows, side = std::min(rows, columns);
  const bool wide = rows <= columns;
  const std::size_t square = to_index(side) * to_index(side);
  memory.next.resize(std::max(memory.next.size(), matrix.size()));
  memory.gram.resize(std::max(memory.gram.size(), square));
  memory.polynomial.resize(std::max(memory.polynomial.size(), square));
  const std::span<float> gram = std::span(memory.gram).first(square),
                         polynomial = std::span(memory.polynomial).first(square);
  const MatrixView gram_view{gram, side, side}, polynomial_view{polynomial, side, side};

  std::span<float> x = matrix, next = std::span(memory.next).first(matrix.size());
  for (int step = 0; step < kSteps; ++step) {
    const MatrixView view{x, rows, columns}, transpose{x, rows, columns, true};
    multiply(1.0f, wide ? view : transpose, wide ? transpose : view, 0.0f, gram);
    std::ranges::copy(gram, polynomial.begin());
    multiply(kC, gram_view, gram_view, kB, polynomial);
    std::ranges::copy(x, next.begin());
    multiply(1.0f, wide ? polynomial_view : view, wide ? view : polynomial_view, kA, next);
    std::swap(x, next);
  }
  if (x.data() != matrix.data()) std::ranges::copy(x, matrix.begin());
}

}  // namespace pcnn

#pragma once

#include <span>
#include <vector>

namespace pcnn {

// What orthogonalise() works in; grows to the largest matrix it has met.
struct OrthogonaliseMemory {
  std::vector<float> next, gram, polynomial;
};

// Replaces a matrix of `rows` rows by about U V^T of its singular value decomposition U S V^T: five
// Newton-Schulz steps
//
//     X = a X + (b X X^T + c (X X^T)^2) X     a, b, c = 3.4445, -4.7750, 2.0315
//
// from X = matrix / (|matrix| + 1e-7), in f32, |matrix| the root of its sum of squares. Singular values of X
// above 0.01 end between 0.6 and 1.25 (the coefficients trade exactness for speed). A matrix of zeros stays
// one, and one that is next to it ends near it. Same values, same bits.
// Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
void orthogonalise(std::span<float> matrix, int rows, OrthogonaliseMemory& memory);

}  // namespace pcnn

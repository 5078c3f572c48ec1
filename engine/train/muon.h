#pragma once

// Of a kernel, seen as a matrix G of filters x (channels x live taps):
//
//     M = momentum M + (1 - momentum) G
//     O = orthogonalised M, or with nesterov (1 - momentum) G + momentum M
//     P -= a weight_decay P;  P -= a sqrt(max(1, rows / columns)) O
//
// so that every direction of the matrix moves by about the same length, however small its gradient is beside
// the others'. All but the kernels of layers (biases, embeddings, conditions, the forecast) goes by Adam with
// a learning rate of its own, which follows the same schedule. Where channel groups make other taps live for
// some filters than for others, columns live for any filter are taken, and dead weights of the result
// dropped.
//
// Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024. Convolutions are
// flattened there, too; the first and the last layer go by Muon here as the others do.

#include <span>
#include <vector>

#include "engine/core/pool.h"
#include "engine/train/adam.h"
#include "engine/train/orthogonalise.h"

namespace pcnn {

class Muon final : public Adam {
 public:
  Muon(const OptimiserConfig& config, std::span<const Parameter> parameters);

 private:
  // A kernel without its dead columns.
  struct Matrix {
    UpdatePiece range;
    int rows = 0;
    std::vector<std::size_t> columns{};  // places in a row of the kernel, of those live for some filter
    std::vector<bool> dead{};            // by [row][column], empty where none is
  };
  struct Memory {
    std::vector<float> direction;
    OrthogonaliseMemory orthogonalise;
  };

  // The momentum of kernels lies in the first moments, their second moments stay 0.
  void prepare(float learning_rate) override;
  void update(float* parameters, const float* gradients, UpdatePiece range) override;
  void update_matrix(const Matrix& matrix, float* parameters, const float* gradients);

  [[nodiscard]] static Matrix matrix_of(const Parameter& kernel);
  [[nodiscard]] static std::vector<UpdatePiece> pieces_of(std::span<const Parameter> parameters);

  std::vector<Matrix> matrices_;  // in order of their ranges
  Pool<Memory> memory_;
  float learning_rate_ = 0.0f;
};

}  // namespace pcnn

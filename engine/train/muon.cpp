#include "engine/train/muon.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <ranges>

#include "engine/core/index.h"

namespace pcnn {
Muon::Muon(const OptimiserConfig& config, std::span<const Parameter> parameters)
    : Adam(config, pieces_of(parameters)), memory_([] { return Memory{}; }) {
  for (const Parameter& parameter : parameters)
    if (is_layer_kernel(parameter)) matrices_.push_back(matrix_of(parameter));
}

std::vector<UpdatePiece> Muon::pieces_of(std::span<const Parameter> parameters) {
  std::vector<UpdatePiece> pieces;
  for (const Parameter& parameter : parameters) {
    const UpdatePiece whole{parameter.offset, parameter.offset + parameter.size};
    if (is_layer_kernel(parameter))
      pieces.push_back(whole);
    else
      std::ranges::copy(elementwise_pieces(whole), std::back_inserter(pieces));
  }
  return pieces;
}

Muon::Matrix Muon::matrix_of(const Parameter& kernel) {
  const int filters = kernel.shape[0], channels = kernel.shape[1], height = kernel.shape[2],
            width = kernel.shape[3];
  const auto live = [&](int filter, int channel, int tap) {
    return is_live(kernel.mask, height, width, tap / width, tap % width,
                   group_of(filter, filters, kernel.mask.groups),
                   group_of(channel, channels, kernel.mask.groups));
  };
  Matrix matrix{.range = {kernel.offset, kernel.offset + kernel.size}, .rows = filters};
  for (int channel = 0; channel < channels; ++channel)
    for (int tap = 0; tap < height * width; ++tap)
      if (std::ranges::any_of(std::views::iota(0, filters),
                              [&](int filter) { return live(filter, channel, tap); }))
        matrix.columns.push_back(to_index(channel * height * width + tap));
  for (int filter = 0; filter < filters; ++filter)
    for (const std::size_t column : matrix.columns) {
      const int place = static_cast<int>(column);
      matrix.dead.push_back(!live(filter, place / (height * width), place % (height * width)));
    }
  if (std::ranges::find(matrix.dead, true) == matrix.dead.end()) matrix.dead.clear();
  return matrix;
}

void Muon::prepare(float learning_rate) {
  learning_rate_ = learning_rate;
  Adam::prepare(static_cast<float>(learning_rate * (config().adam_learning_rate / config().learning_rate)));
}

void Muon::update(float* parameters, const float* gradients, UpdatePiece range) {
  const auto matrix = std::ranges::lower_bound(matrices_, range.begin, {},
                                               [](const Matrix& matrix) { return matrix.range.begin; });
  if (matrix != matrices_.end() && matrix->range.begin == range.begin)
    update_matrix(*matrix, parameters, gradients);
  else
    Adam::update(parameters, gradients, range);
}

void Muon::update_matrix(const Matrix& matrix, float* parameters, const float* gradients) {
  const std::size_t row_size = (matrix.range.end - matrix.range.begin) / to_index(matrix.rows),
                    columns = matrix.columns.size();
  const float keep = static_cast<float>(config().momentum),
              take = static_cast<float>(1.0 - config().momentum);
  const bool nesterov = config().nesterov;
  const float* const gradient = gradients + matrix.range.begin;
  float* const momentum = first_moments().data() + matrix.range.begin;
  float* const weights = parameters + matrix.range.begin;
  const auto memory = memory_.borrow();

  std::vector<float>& direction = memory->direction;
  direction.resize(to_index(matrix.rows) * columns);
  auto to = direction.begin();
  for (std::size_t row = 0; row < to_index(matrix.rows); ++row)
    for (const std::size_t column : matrix.columns) {
      const std::size_t i = row * row_size + column;
      const float m = keep * momentum[i] + take * gradient[i];
      momentum[i] = m;
      *to++ = nesterov ? take * gradient[i] + keep * m : m;
    }
  orthogonalise(direction, matrix.rows, memory->orthogonalise);

  const float stretch =
      std::sqrt(std::max(1.0f, static_cast<float>(matrix.rows) / static_cast<float>(columns)));
  const float rate = learning_rate_ * stretch,
              decay = learning_rate_ * static_cast<float>(config().weight_decay);
  for (std::size_t row = 0, place = 0; row < to_index(matrix.rows); ++row)
    for (const std::size_t column : matrix.columns) {
      float& weight = weights[row * row_size + column];
      if (matrix.dead.empty() || !matrix.dead[place]) weight -= decay * weight + rate * direction[place];
      ++place;
    }
}

}  // namespace pcnn

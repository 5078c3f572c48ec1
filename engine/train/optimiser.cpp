#include "engine/train/optimiser.h"

#include <algorithm>
#include <cassert>

#include "engine/train/adam.h"
#include "engine/train/muon.h"
#include "engine/train/rmsprop.h"
#include "engine/train/sgd.h"

namespace pcnn {

std::unique_ptr<Optimiser> Optimiser::make(const OptimiserConfig& config,
                                           std::span<const Parameter> parameters) {
  assert(config.epsilon > 0.0);
  const std::size_t count = parameters.empty() ? 0 : parameters.back().offset + parameters.back().size;
  switch (config.kind) {
    case OptimiserKind::kRmsprop:
      return std::make_unique<Rmsprop>(config, count);
    case OptimiserKind::kAdam:
      return std::make_unique<Adam>(config, elementwise_pieces({0, count}));
    case OptimiserKind::kAdamW:
      return std::make_unique<AdamW>(config, elementwise_pieces({0, count}), parameters);
    case OptimiserKind::kSgd:
      return std::make_unique<Sgd>(config, count);
    case OptimiserKind::kMuon:
      return std::make_unique<Muon>(config, parameters);
  }
  assert(false);
  return nullptr;
}

void Optimiser::step(std::span<float> parameters, std::span<const float> gradients, float learning_rate) {
  begin_step(learning_rate);
  for (std::size_t piece = 0; piece < pieces_.size(); ++piece) step_piece(parameters, gradients, piece);
}

void Optimiser::begin_step(float learning_rate) {
  ++step_count_;
  prepare(learning_rate);
}

void Optimiser::step_piece(std::span<float> parameters, std::span<const float> gradients, std::size_t piece) {
  assert(parameters.size() == parameter_count() && gradients.size() == parameter_count());
  update(parameters.data(), gradients.data(), pieces_[piece]);
}

std::vector<UpdatePiece> elementwise_pieces(UpdatePiece range) {
  constexpr std::size_t kPiece = 1 << 15;
  std::vector<UpdatePiece> pieces;
  for (std::size_t begin = range.begin; begin < range.end; begin += kPiece)
    pieces.push_back({begin, std::min(begin + kPiece, range.end)});
  return pieces;
}

}  // namespace pcnn

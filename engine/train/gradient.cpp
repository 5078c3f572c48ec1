#include "engine/train/gradient.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace pcnn {
namespace {

constexpr std::size_t kChunk =
    4096;                          // values summed on their own, so that long buffers lose little to rounding
constexpr std::size_t kLanes = 8;  // independent sums: one AVX-512 register of doubles

// A product of two floats is exact in double, so a fused multiply-add changes no bit of this.
double squared_norm_of_chunk(std::span<const float> values) {
  std::array<double, kLanes> lanes{};
  const std::size_t whole = values.size() - values.size() % kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double value = values[i + lane];
      lanes[lane] += value * value;
    }
  }
  for (std::size_t i = whole; i < values.size(); ++i) {
    const double value = values[i];
    lanes[i - whole] += value * value;
  }
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

}  // namespace

double squared_norm(std::span<const float> gradients) {
  double sum = 0.0;
  for (std::size_t begin = 0; begin < gradients.size(); begin += kChunk) {
    sum += squared_norm_of_chunk(gradients.subspan(begin, std::min(kChunk, gradients.size() - begin)));
  }
  return sum;
}

double clip_to_norm(std::span<float> gradients, double max_norm) {
  assert(max_norm > 0.0);
  const double norm = std::sqrt(squared_norm(gradients));
  if (!std::isfinite(norm) || norm <= max_norm) return norm;
  const float scale = static_cast<float>(max_norm / norm);
  for (float& gradient : gradients) gradient *= scale;
  return norm;
}

void clip_to_value(std::span<float> gradients, float max_value) {
  assert(max_value > 0.0f);
  for (float& gradient : gradients) gradient = std::clamp(gradient, -max_value, max_value);
}

}  // namespace pcnn

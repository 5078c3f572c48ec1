#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/index.h"
#include "engine/train/optimiser.h"
#include "engine/train/orthogonalise.h"
#include "tests/train/random_values.h"

namespace pcnn {
namespace {

using Doubles = std::vector<double>;

// a (rows x inner) times b (inner x columns).
Doubles product(const Doubles& a, const Doubles& b, std::size_t rows, std::size_t inner,
                std::size_t columns) {
  Doubles dst(rows * columns, 0.0);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < inner; ++k)
      for (std::size_t j = 0; j < columns; ++j) dst[i * columns + j] += a[i * inner + k] * b[k * columns + j];
  return dst;
}

Doubles transposed(const Doubles& a, std::size_t rows, std::size_t columns) {
  Doubles dst(a.size());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) dst[j * rows + i] = a[i * columns + j];
  return dst;
}

// As the source writes it, from the left whatever the shape.
Doubles orthogonalised(Doubles x, std::size_t rows, std::size_t columns) {
  double norm = 0.0;
  for (const double value : x) norm += value * value;
  for (double& value : x) value /= std::sqrt(norm) + 1e-7;
  for (int step = 0; step < 5; ++step) {
    const Doubles gram = product(x, transposed(x, rows, columns), rows, columns, rows);
    const Doubles square = product(gram, gram, rows, rows, rows);
    Doubles polynomial(gram.size());
    for (std::size_t i = 0; i < gram.size(); ++i) polynomial[i] = -4.7750 * gram[i] + 2.0315 * square[i];
    const Doubles bent = product(polynomial, x, rows, rows, columns);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 3.4445 * x[i] + bent[i];
  }
  return x;
}

TEST(Orthogonalise, MatchesTheReferenceInDouble) {
  OrthogonaliseMemory memory;  // shared, so that sizes grow and shrink in it
  std::uint32_t tag = 0;
  for (const auto& [rows, columns] :
       {std::pair{3, 5}, {5, 3}, {17, 17}, {1, 9}, {9, 1}, {64, 24}, {24, 100}}) {
    std::vector<float> matrix = random_values(to_index(rows * columns), tag++, 1e-3f);
    const Doubles expected =
        orthogonalised(Doubles(matrix.begin(), matrix.end()), to_index(rows), to_index(columns));
    orthogonalise(matrix, rows, memory);
    // Values near 1 through fifteen products; the polynomial multiplies errors by up to 3.4 a step.
    for (std::size_t i = 0; i < matrix.size(); ++i)
      EXPECT_NEAR(matrix[i], expected[i], 1e-4) << rows << "x" << columns;
  }
}

// What is said of singular values, on matrices that have them on their diagonal.
TEST(Orthogonalise, BringsSingularValuesNearOne) {
  OrthogonaliseMemory memory;
  for (const std::vector<float>& diagonal :
       {std::vector{1.0f, 1.0f, 1.0f}, {1.0f, 0.5f, 0.02f}, {3e-4f, 1e-4f, 2e-4f}}) {
    std::vector<float> matrix(12, 0.0f);
    for (std::size_t i = 0; i < 3; ++i) matrix[i * 4 + i] = diagonal[i];
    orthogonalise(matrix, 3, memory);
    for (std::size_t i = 0; i < 12; ++i) {
      const bool on_diagonal = i % 5 == 0;
      EXPECT_GE(matrix[i], on_diagonal ? 0.6f : 0.0f);
      EXPECT_LE(matrix[i], on_diagonal ? 1.25f : 0.0f);
    }
  }
}

TEST(Orthogonalise, LeavesAMatrixOfZerosAsItIs) {
  OrthogonaliseMemory memory;
  std::vector<float> matrix(12, 0.0f);
  orthogonalise(matrix, 4, memory);
  EXPECT_EQ(matrix, std::vector<float>(12, 0.0f));
}

Parameter kernel(std::vector<int> shape, Mask mask, std::size_t offset) {
  std::size_t size = 1;
  for (const int extent : shape) size *= to_index(extent);
  return {.name = "kernel",
          .shape = std::move(shape),
          .offset = offset,
          .size = size,
          .is_kernel = true,
          .mask = mask};
}

// Two kernels, mask A and a wide one of groups, with a bias between them.
std::vector<Parameter> shapes() {
  std::vector<Parameter> parameters{kernel({7, 2, 3, 3}, {MaskType::kA}, 0)};
  parameters.push_back({.name = "bias", .shape = {7}, .offset = 126, .size = 7});
  parameters.push_back(kernel({6, 6, 3, 3}, {MaskType::kB, 3}, 133));
  return parameters;
}
constexpr std::size_t kCount = 133 + 324;

bool is_dead(const Parameter& parameter, std::size_t place) {
  if (!parameter.is_kernel) return false;
  const int i = static_cast<int>(place), taps = parameter.shape[2] * parameter.shape[3], tap = i % taps,
            channel = i / taps % parameter.shape[1], filter = i / taps / parameter.shape[1],
            width = parameter.shape[3], groups = parameter.mask.groups;
  return !is_live(parameter.mask, parameter.shape[2], width, tap / width, tap % width,
                  group_of(filter, parameter.shape[0], groups),
                  group_of(channel, parameter.shape[1], groups));
}

// A random buffer whose dead weights are zero.
std::vector<float> live_values(std::uint32_t tag, float scale) {
  std::vector<float> values = random_values(kCount, tag, scale);
  for (const Parameter& parameter : shapes())
    for (std::size_t i = 0; i < parameter.size; ++i)
      if (is_dead(parameter, i)) values[parameter.offset + i] = 0.0f;
  return values;
}

// One kernel, in double, on its live columns.
class ReferenceKernel {
 public:
  ReferenceKernel(Parameter parameter, const OptimiserConfig& config, const std::vector<float>& all)
      : parameter_(std::move(parameter)), config_(config), momentum_(parameter_.size, 0.0) {
    for (std::size_t i = 0; i < parameter_.size; ++i) values_.push_back(all[parameter_.offset + i]);
    const std::size_t rows = to_index(parameter_.shape[0]), row_size = parameter_.size / rows;
    for (std::size_t column = 0; column < row_size; ++column)
      for (std::size_t row = 0; row < rows; ++row)
        if (!is_dead(parameter_, row * row_size + column)) {
          columns_.push_back(column);
          break;
        }
  }

  void step(const std::vector<float>& gradients, double rate) {
    const std::size_t rows = to_index(parameter_.shape[0]), row_size = parameter_.size / rows;
    Doubles matrix;
    for (std::size_t row = 0; row < rows; ++row)
      for (const std::size_t column : columns_) {
        const std::size_t i = row * row_size + column;
        const double g = gradients[parameter_.offset + i];
        momentum_[i] = config_.momentum * momentum_[i] + (1.0 - config_.momentum) * g;
        matrix.push_back(config_.nesterov ? (1.0 - config_.momentum) * g + config_.momentum * momentum_[i]
                                          : momentum_[i]);
      }
    matrix = orthogonalised(matrix, rows, columns_.size());
    const double stretch =
        std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(columns_.size())));
    std::size_t place = 0;
    for (std::size_t row = 0; row < rows; ++row)
      for (const std::size_t column : columns_) {
        double& value = values_[row * row_size + column];
        const double direction = matrix[place++];
        if (is_dead(parameter_, row * row_size + column)) continue;
        value -= rate * config_.weight_decay * value;
        value -= rate * stretch * direction;
      }
  }

  [[nodiscard]] const Doubles& values() const { return values_; }

 private:
  Parameter parameter_;
  OptimiserConfig config_;
  Doubles values_, momentum_;
  std::vector<std::size_t> columns_;
};

constexpr float kRate = 0.05f;

class Muons : public testing::TestWithParam<bool> {
 protected:
  const OptimiserConfig config_{.kind = OptimiserKind::kMuon,
                                .learning_rate = 0.1,
                                .momentum = 0.9,
                                .nesterov = GetParam(),
                                .weight_decay = 0.1,
                                .adam_learning_rate = 0.01};
};
INSTANTIATE_TEST_SUITE_P(Muon, Muons, testing::Bool(),
                         [](const auto& info) { return info.param ? "Nesterov" : "Plain"; });

TEST_P(Muons, MatchTheReferenceInDoubleOnLiveColumnsAndKeepDeadWeightsAtZero) {
  const std::vector<Parameter> parameters = shapes();
  std::vector<float> values = live_values(0, 0.3f);
  std::vector<ReferenceKernel> kernels{{parameters[0], config_, values}, {parameters[2], config_, values}};
  const auto optimiser = Optimiser::make(config_, parameters);
  for (std::uint32_t t = 1; t <= 5; ++t) {
    const std::vector<float> gradients = live_values(t, 1e-3f);
    optimiser->step(values, gradients, kRate);
    for (ReferenceKernel& reference : kernels) reference.step(gradients, kRate);
  }
  for (const auto& [parameter, reference] :
       {std::pair{parameters[0], kernels[0]}, {parameters[2], kernels[1]}})
    for (std::size_t i = 0; i < parameter.size; ++i) {
      if (is_dead(parameter, i))
        EXPECT_EQ(values[parameter.offset + i], 0.0f) << i;
      else
        EXPECT_NEAR(values[parameter.offset + i], reference.values()[i], 5e-5) << i;
    }
  for (const OptimiserState& state : optimiser->state())
    for (const Parameter& parameter : parameters)
      for (std::size_t i = 0; i < parameter.size; ++i)
        if (is_dead(parameter, i)) {
          EXPECT_EQ(state.values[parameter.offset + i], 0.0f) << state.name;
        }
}

// Its kernel starts as a sum of pixels, and is no layer between features.
TEST(Muon, TreatsTheForecastAsAdamDoesWithoutDecay) {
  Parameter forecast = kernel({2, 2, 3, 3}, {MaskType::kA}, 0);
  forecast.is_forecast = true;
  std::vector<float> by_muon = random_values(forecast.size, 0, 0.3f), by_adam = by_muon, by_adamw = by_muon;
  const auto muon = Optimiser::make({.kind = OptimiserKind::kMuon, .learning_rate = 0.1, .weight_decay = 0.1},
                                    std::vector{forecast});
  const auto adam = Optimiser::make({.kind = OptimiserKind::kAdam}, std::vector{forecast});
  const auto adamw =
      Optimiser::make({.kind = OptimiserKind::kAdamW, .weight_decay = 0.1}, std::vector{forecast});
  for (std::uint32_t t = 1; t <= 3; ++t) {
    const std::vector<float> gradients = random_values(forecast.size, t, 1e-3f);
    muon->step(by_muon, gradients, 0.1f);
    adam->step(by_adam, gradients, 0.001f);
    adamw->step(by_adamw, gradients, 0.001f);
  }
  EXPECT_EQ(by_adamw, by_adam);
  for (std::size_t i = 0; i < by_adam.size(); ++i) EXPECT_NEAR(by_muon[i], by_adam[i], 1e-6);
}

// However small the momentum becomes, it is not taken for a direction for ever.
TEST_P(Muons, LetAKernelRestWhoseGradientStopped) {
  std::vector<float> values = live_values(0, 0.3f);
  const auto optimiser = Optimiser::make(config_, shapes());
  optimiser->step(values, live_values(1, 1e-3f), kRate);
  const std::vector<float> none(kCount, 0.0f);
  for (int t = 0; t < 600; ++t) optimiser->step(values, none, 0.0f);  // no decay either
  std::vector<float> later = values;
  for (int t = 0; t < 600; ++t) optimiser->step(later, none, kRate);
  const double kept = std::pow(1.0 - 0.05 * config_.weight_decay, 600);
  for (const Parameter& parameter : {shapes()[0], shapes()[2]})
    for (std::size_t i = 0; i < parameter.size; ++i)
      EXPECT_NEAR(later[parameter.offset + i], kept * values[parameter.offset + i], 1e-4) << i;
}

// What is no kernel goes by Adam, whose rate follows the schedule in proportion.
TEST_P(Muons, UpdateBiasesAsAdamDoesWithItsOwnRate) {
  std::vector<float> values = live_values(0, 0.3f), bias(values.begin() + 126, values.begin() + 133);
  const auto muon = Optimiser::make(config_, shapes());
  const auto adam = Optimiser::make({.kind = OptimiserKind::kAdam}, std::vector<Parameter>{{.size = 7}});
  for (std::uint32_t t = 1; t <= 5; ++t) {
    const std::vector<float> gradients = live_values(t, 1e-3f);
    const float factor = 1.0f / static_cast<float>(t);
    muon->step(values, gradients, 0.1f * factor);
    adam->step(bias, std::span(gradients).subspan(126, 7), 0.01f * factor);
  }
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(values[126 + i], bias[i], 1e-7);
}

}  // namespace
}  // namespace pcnn

#include "engine/train/optimiser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "tests/train/random_values.h"

namespace pcnn {
namespace {

constexpr float kRate = 0.02f;

// So many parameters that decay, in a kernel that hides none of them and has one column.
std::vector<Parameter> plain_parameters(std::size_t count) {
  const int filters = static_cast<int>(count);
  return {{.name = "kernel",
           .shape = {filters, 1, 1, 1},
           .size = count,
           .is_kernel = true,
           .mask = {MaskType::kNone}}};
}

std::unique_ptr<Optimiser> make_optimiser(const OptimiserConfig& config, std::size_t count) {
  return Optimiser::make(config, plain_parameters(count));
}

// The rules as the papers write them, one parameter at a time and in double.
class ReferenceParameter {
 public:
  ReferenceParameter(const OptimiserConfig& config, double value) : config_(config), value_(value) {}

  double step(double g, double rate) {
    ++t_;
    switch (config_.kind) {
      case OptimiserKind::kRmsprop:
        second_ = config_.rho * second_ + (1 - config_.rho) * g * g;
        first_ = config_.momentum * first_ + rate * g /
                                                 (config_.epsilon_under_root
                                                      ? std::sqrt(second_ + config_.epsilon)
                                                      : std::sqrt(second_) + config_.epsilon);
        return value_ -= first_;
      case OptimiserKind::kAdamW:
        value_ -= rate * config_.weight_decay * value_;
        [[fallthrough]];
      case OptimiserKind::kAdam: {
        first_ = config_.beta1 * first_ + (1 - config_.beta1) * g;
        second_ = config_.beta2 * second_ + (1 - config_.beta2) * g * g;
        const double m_hat = first_ / (1 - std::pow(config_.beta1, t_));
        const double v_hat = second_ / (1 - std::pow(config_.beta2, t_));
        return value_ -= rate * m_hat / (std::sqrt(v_hat) + config_.epsilon);
      }
      case OptimiserKind::kSgd:
        first_ = config_.momentum * first_ + g;
        return value_ -= rate * (config_.nesterov ? g + config_.momentum * first_ : first_);
      case OptimiserKind::kMuon:
        break;  // of matrices: muon_test.cpp
    }
    return value_;
  }

 private:
  OptimiserConfig config_;
  double value_, first_ = 0, second_ = 0;
  int t_ = 0;
};

struct Case {
  const char* name;
  OptimiserConfig config;
};

// GoogleTest names the parameter with this in its listings.
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class Optimisers : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    All, Optimisers,
    testing::Values(Case{"Rmsprop", {.kind = OptimiserKind::kRmsprop}},
                    Case{"RmspropMomentum", {.kind = OptimiserKind::kRmsprop, .momentum = 0.9}},
                    Case{"RmspropUnderRoot",
                         {.kind = OptimiserKind::kRmsprop, .epsilon = 1e-3, .epsilon_under_root = true}},
                    Case{"Adam", {.kind = OptimiserKind::kAdam}},
                    Case{"AdamW", {.kind = OptimiserKind::kAdamW, .weight_decay = 0.1}},
                    Case{"Sgd", {.kind = OptimiserKind::kSgd}},
                    Case{"SgdMomentum", {.kind = OptimiserKind::kSgd, .momentum = 0.9}},
                    Case{"SgdNesterov", {.kind = OptimiserKind::kSgd, .momentum = 0.9, .nesterov = true}}),
    [](const auto& info) { return info.param.name; });

TEST_P(Optimisers, MatchesTheReferenceInDouble) {
  constexpr std::size_t kCount = 37;
  std::vector<float> parameters = random_values(kCount, 0);
  std::vector<ReferenceParameter> reference;
  for (float p : parameters) reference.emplace_back(GetParam().config, p);
  const auto optimiser = make_optimiser(GetParam().config, kCount);
  for (std::uint32_t t = 1; t <= 20; ++t) {
    const float rate = kRate / static_cast<float>(t);  // a schedule at work
    const std::vector<float> gradients = random_values(kCount, t, 0.1f);
    optimiser->step(parameters, gradients, rate);
    for (std::size_t i = 0; i < kCount; ++i) {
      // f32 against double: a few roundings of values near 1 per step.
      EXPECT_NEAR(parameters[i], reference[i].step(gradients[i], rate), 1e-6 * t) << "step " << t;
    }
  }
  EXPECT_EQ(optimiser->step_count(), 20);
}

TEST_P(Optimisers, KeepDeadWeightsAndTheirMomentsExactlyZero) {
  constexpr std::size_t kCount = 50;
  const auto dead = [](std::size_t i) { return i % 3 == 1; };
  std::vector<float> parameters = random_values(kCount, 0);
  for (std::size_t i = 0; i < kCount; ++i) {
    if (dead(i)) parameters[i] = 0.0f;
  }
  const auto optimiser = make_optimiser(GetParam().config, kCount);
  for (std::uint32_t t = 1; t <= 10; ++t) {
    std::vector<float> gradients = random_values(kCount, t);
    for (std::size_t i = 0; i < kCount; ++i) {
      if (dead(i)) gradients[i] = t % 2 ? 0.0f : -0.0f;
    }
    optimiser->step(parameters, gradients, kRate);
  }
  std::vector<OptimiserState> buffers = optimiser->state();
  buffers.push_back({"parameters", parameters});
  for (const auto& [name, values] : buffers) {
    for (std::size_t i = 0; i < kCount; ++i) {
      if (dead(i)) {
        EXPECT_EQ(std::bit_cast<std::uint32_t>(values[i]), 0u) << name << " " << i;
      } else {
        EXPECT_NE(values[i], 0.0f) << name << " " << i;
      }
    }
  }
}

TEST_P(Optimisers, StepInPiecesInAnyOrderGivesTheBitsOfTheWhole) {
  constexpr std::size_t kCount = 70'001;  // the last piece ends inside a vector
  std::vector<float> whole = random_values(kCount, 0);
  std::vector<float> pieces = whole;
  const auto optimiser = make_optimiser(GetParam().config, kCount);
  const auto piecewise = make_optimiser(GetParam().config, kCount);
  const std::size_t count = piecewise->pieces().size();
  ASSERT_GT(count, 2u);
  for (std::uint32_t t = 1; t <= 3; ++t) {
    const std::vector<float> gradients = random_values(kCount, t, 0.1f);
    optimiser->step(whole, gradients, kRate);
    piecewise->begin_step(kRate);
    for (std::size_t piece = count; piece-- > 0;) piecewise->step_piece(pieces, gradients, piece);
  }
  EXPECT_EQ(whole, pieces);
  EXPECT_EQ(piecewise->step_count(), 3);
}

TEST_P(Optimisers, ResumeFromStateBitForBit) {
  constexpr std::size_t kCount = 29;
  std::vector<float> parameters = random_values(kCount, 0);
  const auto optimiser = make_optimiser(GetParam().config, kCount);
  for (std::uint32_t t = 1; t <= 4; ++t) optimiser->step(parameters, random_values(kCount, t), kRate);

  std::vector<float> resumed_parameters = parameters;
  const auto resumed = make_optimiser(GetParam().config, kCount);
  const auto from = optimiser->state(), to = resumed->state();
  ASSERT_EQ(from.size(), to.size());
  for (std::size_t s = 0; s < from.size(); ++s) {
    EXPECT_EQ(from[s].name, to[s].name);
    EXPECT_EQ(to[s].values.size(), kCount);
    std::ranges::copy(from[s].values, to[s].values.begin());
  }
  resumed->set_step_count(optimiser->step_count());

  for (std::uint32_t t = 5; t <= 8; ++t) {
    optimiser->step(parameters, random_values(kCount, t), kRate);
    resumed->step(resumed_parameters, random_values(kCount, t), kRate);
  }
  EXPECT_EQ(parameters, resumed_parameters);
}

// Three steps of one parameter, worked by hand from p = 1 with gradients 3, 4, 0 and rate 0.1.
std::vector<float> three_steps(const OptimiserConfig& config) {
  const auto optimiser = make_optimiser(config, 1);
  std::vector<float> parameters = {1.0f}, trace;
  for (float gradient : {3.0f, 4.0f, 0.0f}) {
    optimiser->step(parameters, std::vector{gradient}, 0.1f);
    trace.push_back(parameters[0]);
  }
  return trace;
}

void expect_near(const std::vector<float>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 5e-7) << "step " << i + 1;
}

TEST(Optimiser, RmspropMatchesHandComputedSteps) {
  // v = 0.1 * 9 = 0.9;  0.9 * 0.9 + 0.1 * 16 = 2.41;  2.169. Epsilon 0.1 is large enough to show that it is
  // added to the root.
  const OptimiserConfig config{.kind = OptimiserKind::kRmsprop, .rho = 0.9, .epsilon = 0.1};
  const double first = 1.0 - 0.3 / (std::sqrt(0.9) + 0.1), second = first - 0.4 / (std::sqrt(2.41) + 0.1);
  expect_near(three_steps(config), {first, second, second});
}

TEST(Optimiser, RmspropWithEpsilonUnderTheRootMatchesHandComputedSteps) {
  const OptimiserConfig config{
      .kind = OptimiserKind::kRmsprop, .rho = 0.9, .epsilon = 0.1, .epsilon_under_root = true};
  const double first = 1.0 - 0.3 / std::sqrt(0.9 + 0.1), second = first - 0.4 / std::sqrt(2.41 + 0.1);
  expect_near(three_steps(config), {first, second, second});
}

TEST(Optimiser, AdamMatchesHandComputedSteps) {
  // beta1 = beta2 = 0.5, epsilon 1. m = 1.5, 2.75, 1.375 over 0.5, 0.75, 0.875; v = 4.5, 10.25, 5.125
  // likewise.
  const OptimiserConfig config{.kind = OptimiserKind::kAdam, .epsilon = 1.0, .beta1 = 0.5, .beta2 = 0.5};
  const double first = 1.0 - 0.1 * 3.0 / (3.0 + 1.0);
  const double second = first - 0.1 * (2.75 / 0.75) / (std::sqrt(10.25 / 0.75) + 1.0);
  const double third = second - 0.1 * (1.375 / 0.875) / (std::sqrt(5.125 / 0.875) + 1.0);
  expect_near(three_steps(config), {first, second, third});
}

TEST(Optimiser, SgdMatchesHandComputedSteps) {
  expect_near(three_steps({.kind = OptimiserKind::kSgd}), {0.7, 0.3, 0.3});
  // u = 3, 5.5, 2.75
  expect_near(three_steps({.kind = OptimiserKind::kSgd, .momentum = 0.5}), {0.7, 0.15, -0.125});
  // g + u / 2 = 4.5, 6.75, 1.375
  expect_near(three_steps({.kind = OptimiserKind::kSgd, .momentum = 0.5, .nesterov = true}),
              {0.55, -0.125, -0.2625});
}

TEST(Optimiser, AdamWDecaysByRateTimesDecayApartFromTheGradient) {
  const OptimiserConfig config{.kind = OptimiserKind::kAdamW, .weight_decay = 0.5};
  const auto optimiser = make_optimiser(config, 1);
  std::vector<float> parameters = {2.0f};
  for (int t = 1; t <= 3; ++t) {
    optimiser->step(parameters, std::vector{0.0f}, 0.1f);
    EXPECT_NEAR(parameters[0], 2.0 * std::pow(0.95, t), 1e-6);
  }
}

TEST(Optimiser, AdamWWithoutDecayIsAdam) {
  std::vector<float> adam = random_values(40, 0), adamw = adam;
  const auto a = make_optimiser({.kind = OptimiserKind::kAdam}, 40);
  const auto w = make_optimiser({.kind = OptimiserKind::kAdamW, .weight_decay = 0.0}, 40);
  for (std::uint32_t t = 1; t <= 3; ++t) {
    a->step(adam, random_values(40, t), kRate);
    w->step(adamw, random_values(40, t), kRate);
  }
  EXPECT_EQ(adam, adamw);
}

TEST(Optimiser, AdamWLeavesBiasesUndecayed) {
  const OptimiserConfig config{.kind = OptimiserKind::kAdamW, .weight_decay = 0.5};
  std::vector<Parameter> shapes = plain_parameters(2);
  shapes.push_back({.name = "bias", .shape = {1}, .offset = 2, .size = 1});
  const auto optimiser = Optimiser::make(config, shapes);
  std::vector<float> parameters(3, 1.0f);
  optimiser->step(parameters, std::vector<float>(3, 0.0f), 0.5f);
  EXPECT_EQ(parameters, (std::vector{0.75f, 0.75f, 1.0f}));
}

TEST(Optimiser, StateHoldsOnlyTheMomentsInUse) {
  const auto names = [](const OptimiserConfig& config) {
    std::vector<std::string> names;
    for (const auto& buffer : make_optimiser(config, 2)->state()) names.push_back(buffer.name);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({.kind = OptimiserKind::kRmsprop}), Names{"velocity"});
  EXPECT_EQ(names({.kind = OptimiserKind::kRmsprop, .momentum = 0.5}), (Names{"velocity", "momentum"}));
  EXPECT_EQ(names({.kind = OptimiserKind::kAdam}), (Names{"first_moment", "second_moment"}));
  EXPECT_EQ(names({.kind = OptimiserKind::kSgd}), Names{});
  EXPECT_EQ(names({.kind = OptimiserKind::kSgd, .momentum = 0.5}), Names{"momentum"});
}

}  // namespace
}  // namespace pcnn

// The compiled program against plain loops in double, over random networks.

#include "engine/compile/batch/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "tests/support/agreement.h"
#include "tests/support/compiled.h"
#include "tests/support/emulated_amx.h"

namespace pcnn {
namespace {

// Wide networks take other kernels of oneDNN than narrow ones.
constexpr testing::NetworkLimits kNarrow{.kernel = 9, .side = 12, .channels = 20, .stages = 4};
constexpr testing::NetworkLimits kWide{.kernel = 3, .side = 8, .channels = 80, .stages = 3};

testing::Case random_case(testing::Random& random, Activation activation,
                          const testing::NetworkLimits& limits = kNarrow) {
  return testing::random_case(random, testing::random_network(random, activation, limits),
                              random.between(1, 3));
}

class EveryActivation : public ::testing::TestWithParam<Activation> {};
INSTANTIATE_TEST_SUITE_P(Program, EveryActivation,
                         ::testing::Values(Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,
                                           Activation::kTanh, Activation::kSigmoid));

TEST_P(EveryActivation, AgreesWithPlainLoopsForwardAndBackward) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    testing::Random random(1000 * static_cast<std::uint64_t>(GetParam()) + seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    testing::expect_agreement(random_case(random, GetParam(), seed % 5 == 0 ? kWide : kNarrow));
  }
}

// Narrow and wide maps come in all layouts oneDNN picks; classes without an image have a zero gradient, which
// the reference says too.
TEST_P(EveryActivation, AgreesWithPlainLoopsWhereImagesHaveClassesOrVectors) {
  for (const TrainingKernels& kernels : training_kernels())
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      testing::Random random(70000 + 1000 * static_cast<std::uint64_t>(GetParam()) + seed);
      SCOPED_TRACE(std::string(kernels.name) + ", seed " + std::to_string(seed));
      testing::NetworkLimits limits = seed % 4 == 0 ? kWide : kNarrow;
      limits.condition = testing::random_condition(random);
      testing::expect_agreement(random_case(random, GetParam(), limits), {.kernels = kernels});
    }
}

// In training what is dropped follows from the key; elsewhere nothing is.
TEST_P(EveryActivation, AgreesWithPlainLoopsWhereValuesAreDropped) {
  for (const TrainingKernels& kernels : training_kernels())
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      testing::Random random(90000 + 1000 * static_cast<std::uint64_t>(GetParam()) + seed);
      SCOPED_TRACE(std::string(kernels.name) + ", seed " + std::to_string(seed));
      testing::NetworkLimits limits = seed % 4 == 0 ? kWide : kNarrow;
      limits.dropout = seed % 2 ? 0.3 : 0.5;
      limits.condition.classes = seed % 3 == 0 ? 2 : 0;
      testing::expect_agreement(random_case(random, GetParam(), limits), {.kernels = kernels});
    }
}

// On one processor the weight gradient is ours, on another oneDNN's.
TEST(Program, AgreesWithPlainLoopsWithEveryInstructionSetsKernels) {
  for (const TrainingKernels& kernels : training_kernels())
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      testing::Random random(30000 + seed);
      SCOPED_TRACE(std::string(kernels.name) + ", seed " + std::to_string(seed));
      testing::expect_agreement(random_case(random, Activation::kRelu, seed % 5 == 0 ? kWide : kNarrow),
                                {.kernels = kernels});
    }
}

// Both compute the same sums but for products with zeros, in orders of their own: f32 rounding of up to a
// thousand products, a few 1e-7 of the scale per layer forward, and more backward, where sums cancel. A wrong
// row or padding is of the order of one.
TEST(Program, WithFullKernelsGivesWhatCroppedOnesGive) {
  const auto expect_near = [](const std::vector<float>& full, const std::vector<float>& cropped,
                              double most) {
    ASSERT_EQ(full.size(), cropped.size());
    double scale = 1.0;
    for (const float value : cropped) scale = std::max(scale, std::abs(static_cast<double>(value)));
    for (std::size_t i = 0; i < full.size(); ++i) ASSERT_NEAR(full[i], cropped[i], most * scale) << i;
  };
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    testing::Random random(50000 + seed);
    const testing::Case c =
        seed % 2 ? random_case(random, Activation::kElu, seed % 5 == 0 ? kWide : kNarrow)
                 : testing::random_case(random, testing::random_graph(random, Activation::kTanh), 2);
    for (const TrainingKernels& kernels : training_kernels())
      for (const Purpose purpose : {Purpose::kTraining, Purpose::kInference}) {
        SCOPED_TRACE(std::string(kernels.name) + ", seed " + std::to_string(seed) + ": " +
                     testing::describe(c.network));
        testing::Compiled cropped(c.network, c.images, c.parameters, purpose, {.kernels = kernels});
        testing::Compiled full(c.network, c.images, c.parameters, purpose,
                               {.kernels = kernels, .crop_kernels = false});
        expect_near(full.forward(c.pixels), cropped.forward(c.pixels), 1e-5);
        if (purpose == Purpose::kTraining)
          expect_near(full.backward(c.diff_logits), cropped.backward(c.diff_logits), 1e-4);
      }
  }
}

TEST(Program, WithFullKernelsPacksDeadRowsAndLeavesWeightGradientsToOneDnn) {
  const Network network = testing::tutorial_network();
  const Program cropped(network, 1, Purpose::kTraining);
  for (const TrainingKernels& kernels : training_kernels()) {
    const Program full(network, 1, Purpose::kTraining, {.kernels = kernels, .crop_kernels = false});
    EXPECT_GT(full.packed_bytes(), 1.2 * static_cast<double>(cropped.packed_bytes()));
    for (const Implementation& step : full.implementations()) EXPECT_NE(step.name, kernels.name) << step.op;
  }
}

double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

// Errors of bf16 are rounding: about 2^-9 of a value each, some of them per layer. A wrong tap or layout is
// of the order of one.
void expect_bf16_near_f32(const TrainingKernels& kernels, std::uint64_t seeds,
                          const testing::NetworkLimits& narrow = kNarrow) {
  const CompileOptions in_bf16{.precision = Precision::kBf16, .kernels = kernels};
  std::vector<double> errors;  // of gradients, which cancel more in one network than in another
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    testing::Random random(40000 + seed);
    // Smooth activations: a rounded value on the other side of a kink is no error of ours.
    const testing::Case c =
        random_case(random, seed % 2 ? Activation::kTanh : Activation::kElu, seed % 5 == 0 ? kWide : narrow);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + testing::describe(c.network));
    testing::Compiled f32(c.network, c.images, c.parameters);
    testing::Compiled bf16(c.network, c.images, c.parameters, Purpose::kTraining, in_bf16);
    testing::Compiled scoring(c.network, c.images, c.parameters, Purpose::kInference, in_bf16);
    const std::vector<float> exact = f32.forward(c.pixels, c.given.view());
    EXPECT_LT(relative_distance(bf16.forward(c.pixels, c.given.view()), exact), 0.05);
    EXPECT_LT(relative_distance(scoring.forward(c.pixels, c.given.view()), exact), 0.05);
    errors.push_back(relative_distance(bf16.backward(c.diff_logits), f32.backward(c.diff_logits)));
    EXPECT_LT(errors.back(), 0.3);
  }
  std::ranges::sort(errors);
  EXPECT_LT(errors[errors.size() / 2], 0.05);
}

TEST(Program, InBf16StaysNearF32) {
  if (!can_compute(Precision::kBf16)) GTEST_SKIP() << "oneDNN computes bf16 with AVX-512 only";
  expect_bf16_near_f32(training_kernels().back(), 40);
  const Network network = testing::tutorial_network();
  EXPECT_LT(Program(network, 4, Purpose::kTraining, {.precision = Precision::kBf16}).workspace_bytes(),
            0.6 * static_cast<double>(Program(network, 4, Purpose::kTraining).workspace_bytes()));
}

// Of maps that are given of the image, few or many, with kernels up to beyond a small image.
TEST(Program, OfGivenMapsInBf16StaysNearF32) {
  if (!can_compute(Precision::kBf16)) GTEST_SKIP() << "oneDNN computes bf16 with AVX-512 only";
  TrainingKernels tiles = training_kernels().back();
  tiles.bf16_convolutions = testing::emulated_amx_convolutions();
  for (const int maps : {3, 130})
    for (const TrainingKernels& kernels : {training_kernels().back(), tiles})
      expect_bf16_near_f32(kernels, 10,
                           {.kernel = 7,
                            .side = 5,
                            .channels = 20,
                            .stages = 2,
                            .condition = {.maps = maps, .kernel_height = 7, .kernel_width = 7}});
}

TEST(Program, ComputesConvolutionsOfTheImageInBf16ByItsOwnKernels) {
  const auto& own = training_kernels().back().bf16_convolutions;
  if (!own || !own->takes_planes) GTEST_SKIP() << "they are oneDNN's on this processor";
  const Program program(testing::tutorial_network(), 4, Purpose::kTraining, {.precision = Precision::kBf16});
  const auto steps = program.implementations();
  for (const char* direction : {"forward", "backward weights"}) {
    const auto step = std::ranges::find_if(
        steps, [&](const Implementation& i) { return i.op == "input" && i.direction == direction; });
    ASSERT_NE(step, steps.end()) << direction;
    EXPECT_EQ(step->name, own->name) << direction;
  }
}

TEST(Program, InTilesOfBf16StaysNearF32) {
  if (!can_compute(Precision::kBf16)) GTEST_SKIP() << "oneDNN computes bf16 with AVX-512 only";
  TrainingKernels kernels = training_kernels().back();
  kernels.bf16_convolutions = testing::emulated_amx_convolutions();
  expect_bf16_near_f32(kernels, 20);
}

TEST(Program, NeverSeesDeadWeights) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    testing::Random random(10000 + seed);
    const testing::Case c = random_case(random, Activation::kTanh);
    SCOPED_TRACE(testing::describe(c.network));
    std::vector<float> clean = c.parameters, poisoned(c.parameters.size());
    zero_dead_weights(c.network, clean);
    std::vector<float> live(c.parameters.size(), 1.0f);
    zero_dead_weights(c.network, live);
    for (const Parameter& parameter : c.network.parameters)
      for (std::size_t i = parameter.offset; i < parameter.offset + parameter.size; ++i)
        poisoned[i] = live[i] == 0.0f ? NAN : clean[i];

    testing::Compiled from_clean(c.network, c.images, clean), from_poisoned(c.network, c.images, poisoned);
    EXPECT_EQ(from_clean.forward(c.pixels), from_poisoned.forward(c.pixels));
    EXPECT_EQ(from_clean.backward(c.diff_logits), from_poisoned.backward(c.diff_logits));
  }
}

TEST(Program, UsesWeightsPackedAgain) {
  testing::Random random(20000);
  const testing::Case c = random_case(random, Activation::kElu);
  const std::vector<float> others = testing::random_parameters(random, c.network);
  testing::Compiled compiled(c.network, c.images, others);
  const std::vector<float> before = compiled.forward(c.pixels);
  compiled.program().pack(c.parameters, compiled.packed());
  const std::vector<float> after = compiled.forward(c.pixels);
  EXPECT_NE(before, after);
  EXPECT_EQ(after, testing::Compiled(c.network, c.images, c.parameters).forward(c.pixels));
}

Network residual_network(int blocks) {
  ModelConfig config;
  config.input_filters = 32;
  config.blocks = {{blocks, ResidualBlockConfig{{3, 3}, 16}}};
  return build_network(config, 1, 16, 16);
}

TEST(Program, ScoresDeepNetworksInTheMemoryOfShallowOnes) {
  const auto bytes = [](int blocks, Purpose purpose) {
    return Program(residual_network(blocks), 2, purpose).workspace_bytes();
  };
  EXPECT_EQ(bytes(12, Purpose::kInference), bytes(3, Purpose::kInference));
  EXPECT_GT(bytes(12, Purpose::kTraining), bytes(3, Purpose::kTraining)) << "training keeps activations";
  EXPECT_LT(bytes(3, Purpose::kInference), bytes(3, Purpose::kTraining));
}

TEST(Program, SaysWhatComputesEachConvolution) {
  const Network network = residual_network(1);
  int forward = 0;
  for (const Implementation& implementation : Program(network, 1, Purpose::kInference).implementations()) {
    EXPECT_EQ(implementation.direction, "forward");
    EXPECT_FALSE(implementation.name.empty());
    ++forward;
  }
  EXPECT_EQ(forward, 6) << "input, three of the block, one 1x1, logits; activations are fused";
}

TEST(Program, SharesBytesBetweenTensorsThatAreNotAliveTogether) {
  for (const Purpose purpose : {Purpose::kTraining, Purpose::kInference}) {
    const Program program(testing::tutorial_network(), 1, purpose);
    EXPECT_LT(program.workspace_bytes(), 0.7 * static_cast<double>(program.workspace_bytes_unshared()));
  }
}

// A layout oneDNN has no kernel for drops to one of these without a word, and takes many times as long.
TEST(Program, RunsNothingOfTheTutorialNetworkOnReferenceOrGemmKernels) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "oneDNN has no direct kernels for this processor";
  std::vector<CompileOptions> all;
  for (const TrainingKernels& kernels : training_kernels()) all.push_back({.kernels = kernels});
  if (can_compute(Precision::kBf16)) all.push_back({.precision = Precision::kBf16});
  const auto check = [](int images, Purpose purpose, const CompileOptions& options, std::size_t count) {
    const auto steps = Program(testing::tutorial_network(), images, purpose, options).implementations();
    EXPECT_EQ(steps.size(), count);
    for (const Implementation& step : steps)
      for (const char* slow : {"ref", "gemm"})
        EXPECT_EQ(step.name.find(slow), std::string::npos)
            << step.op << " " << step.direction << ": " << step.name << ", " << name_of(options.precision);
  };
  for (const int images : {1, 4})
    for (const CompileOptions& options : all) {
      check(images, Purpose::kTraining, options, 24 + 23 + 24);  // forward, backward data, backward weights
      check(images, Purpose::kInference, options, 24);
    }
}

TEST(Program, RunsNothingOfGatedAndDilatedNetworksOnReferenceOrGemmKernels) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "oneDNN has no direct kernels for this processor";
  for (const int kernel : {3, 5, 7})
    for (const int dilation : {1, 2, 4, 8}) {
      ModelConfig config;
      config.input_filters = 32;
      const Dilation both{dilation, dilation};
      config.blocks = {{2, GatedBlockConfig{{kernel, kernel}, 32, both, true}},
                       {1, ResidualBlockConfig{{kernel, kernel}, 32, both}}};
      const Network network = build_network(config, 1, 28, 28);
      for (const Implementation& step : Program(network, 2, Purpose::kTraining).implementations())
        for (const char* slow : {"ref", "gemm"})
          EXPECT_EQ(step.name.find(slow), std::string::npos)
              << step.op << " " << step.direction << ": " << step.name << ", kernel " << kernel
              << ", dilation " << dilation;
    }
}

// The network of NeLLoC with a forecast; images of one channel and of four too.
Network forecast_network(int channels, int side) {
  ModelConfig config;
  config.input_kernel = {7, 7};
  config.input_filters = 64;
  config.output_filters = {64};
  config.head = {HeadKind::kLogisticMixture, 256, 5, true};
  return build_network(config, channels, side, side);
}

TEST(Program, RunsNothingOfAForecastOnReferenceOrGemmKernels) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "oneDNN has no direct kernels for this processor";
  std::vector<CompileOptions> all;
  for (const TrainingKernels& kernels : training_kernels()) all.push_back({.kernels = kernels});
  if (can_compute(Precision::kBf16)) all.push_back({.precision = Precision::kBf16});
  for (const int channels : {1, 3, 4})
    for (const CompileOptions& options : all) {
      int of_forecast = 0;
      for (const Implementation& step :
           Program(forecast_network(channels, 16), 4, Purpose::kTraining, options).implementations()) {
        of_forecast += step.op == "forecast";
        for (const char* slow : {"ref", "gemm"})
          EXPECT_EQ(step.name.find(slow), std::string::npos)
              << step.op << " " << step.direction << ": " << step.name << ", " << name_of(options.precision);
      }
      EXPECT_EQ(of_forecast, 2) << "forward, backward weights";
    }
}

// A forecast is a value in the image's units: bf16 would be off by up to a level of 256.
TEST(Program, ComputesTheForecastInF32InEveryPrecision) {
  if (!can_compute(Precision::kBf16)) GTEST_SKIP() << "no bf16 on this processor";
  testing::Random random(12);
  const Network network = forecast_network(3, 9);
  const std::vector<float> parameters = testing::random_parameters(random, network),
                           images = testing::random_images(random, network, 2);
  for (const Purpose purpose : {Purpose::kInference, Purpose::kTraining}) {
    testing::Compiled exact(network, 2, parameters, purpose, {}),
        rounded(network, 2, parameters, purpose, {.precision = Precision::kBf16});
    const std::vector<float> expected = exact.forward(images), logits = rounded.forward(images);
    const Shape maps = network.shape(network.logits, 2);
    int others = 0;
    for (int image = 0; image < 2; ++image)
      for (int map = 0; map < maps.c; ++map)
        for (int pixel = 0; pixel < maps.h * maps.w; ++pixel) {
          const std::size_t i = maps.offset(image, map, pixel / maps.w, pixel % maps.w);
          if (map >= maps.c - 3) {
            ASSERT_EQ(logits[i], expected[i]) << i;
          } else {
            others += logits[i] != expected[i];
          }
        }
    EXPECT_GT(others, 0) << "the other logits are rounded on their way";
    EXPECT_TRUE(std::ranges::any_of(logits, [](float z) {
      return (std::bit_cast<std::uint32_t>(z) & 0xffffu) != 0;
    })) << "logits are f32";
    if (purpose != Purpose::kTraining) continue;
    std::vector<float> diff(logits.size());
    for (float& value : diff) value = random.normal();
    const std::vector<float> expected_gradients = exact.backward(diff), gradients = rounded.backward(diff);
    for (const Parameter& parameter : network.parameters) {
      if (!parameter.is_forecast) continue;
      for (std::size_t i = parameter.offset; i < parameter.offset + parameter.size; ++i)
        ASSERT_EQ(gradients[i], expected_gradients[i]) << parameter.name;
    }
  }
}

}  // namespace
}  // namespace pcnn

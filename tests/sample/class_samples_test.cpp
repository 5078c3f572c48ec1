// Samplers of networks that are told the class of an image.

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/sample/incremental_sampler.h"
#include "engine/sample/naive_sampler.h"
#include "tests/sample/sampled_model.h"
#include "tests/support/chi_square.h"
#include "tests/support/networks.h"
#include "tests/support/states.h"

namespace pcnn {
namespace {

using testing::Random;

TEST(SamplesOfClasses, DependOnNoOtherChain) {
  Random random(51);
  for (int round = 0; round < 6; ++round) {
    const Model model(random, 7, 6, Activation::kTanh, {.classes = 4});
    const std::vector<int> classes{3, 0, 2, 2, 1, 0, 3};
    const std::vector<float> together =
        sample(model, {.chains = 7, .seed = 5, .given = {.classes = classes}}, 1, 7).images;
    EXPECT_EQ(sample(model, {.chains = 7, .seed = 5, .given = {.classes = classes}}, 3, 2).images, together);
    std::vector<int> others = classes;
    others[0] = 1;
    const std::vector<float> changed =
        sample(model, {.chains = 7, .seed = 5, .given = {.classes = others}}).images;
    const auto first = static_cast<std::ptrdiff_t>(model.network.shape(0, 1).size());
    EXPECT_TRUE(std::equal(changed.begin() + first, changed.end(), together.begin() + first));
  }
}

TEST(SamplesOfClasses, AreThoseOfTheNaiveSampler) {
  Random random(52);
  int parted = 0;
  for (int round = 0; round < 10; ++round) {
    const Model model(random, random.between(1, 9), random.between(1, 9), Activation::kTanh, {.classes = 3});
    const std::vector<int> classes{0, 1, 2, 0, 1, 2};
    const SampleRequest request{
        .chains = 6, .seed = 71, .given = {.classes = classes}, .with_probabilities = true};
    const Samples incremental = sample(model, request);
    const Samples naive = sample_naively(model.network, *kHead, model.parameters, request, Workers(2));
    if (incremental.images != naive.images) {
      ++parted;
      continue;
    }
    for (std::size_t i = 0; i < naive.probabilities.size(); ++i)
      ASSERT_NEAR(incremental.probabilities[i], naive.probabilities[i], 1e-5f) << "round " << round;
  }
  EXPECT_LE(parted, 1);  // some 3,000 draws, apart by 1e-6 each
}

TEST(SamplesOfVectorsAndMaps, DependOnNoOtherChainAndAreThoseOfTheNaiveSampler) {
  Random random(55);
  int parted = 0;
  for (int round = 0; round < 12; ++round) {
    const Condition maps{.maps = 2, .kernel_height = 5, .kernel_width = 3};
    const Model model(random, random.between(1, 8), random.between(1, 8), Activation::kTanh,
                      round % 2 ? maps : Condition{.vector = 3});
    GivenBatch given = testing::random_given(random, model.network, 5);
    const SampleRequest request{.chains = 5, .seed = 6, .given = given.view()};
    const std::vector<float> together = sample(model, request, 1, 5).images;
    EXPECT_EQ(sample(model, request, 3, 2).images, together);
    parted += sample_naively(model.network, *kHead, model.parameters, request, Workers(2)).images != together;
    given.values[0] += 1.0f;
    const std::vector<float> changed = sample(model, request).images;
    const auto first = static_cast<std::ptrdiff_t>(model.network.shape(0, 1).size());
    EXPECT_TRUE(std::equal(changed.begin() + first, changed.end(), together.begin() + first));
  }
  EXPECT_LE(parted, 1);  // draws within rounding of their threshold
}

// A class is a vector that is 1 at its number and 0 elsewhere, to the last bit.
TEST(SamplesOfVectors, ThatNameAClassAreThoseOfTheClass) {
  ModelConfig config;
  config.condition.classes = 3;
  config.blocks = {{1, GatedBlockConfig{{3, 3}, 6}}, {1, ResidualBlockConfig{{3, 3}, 4}}};
  const Network of_classes = build_network(config, 2, 5, 6);
  config.condition = {.vector = 3};
  const Network of_vectors = build_network(config, 2, 5, 6);
  Random random(56);
  const std::vector<float> parameters = testing::random_parameters(random, of_classes);
  const std::vector<int> classes{2, 0, 1, 2};
  const std::vector<float> numbers{0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  const auto draw = [&](const Network& network, const Given& given) {
    return sample_incrementally(network, *kHead, parameters,
                                {.chains = 4, .seed = 8, .given = given, .with_probabilities = true},
                                Workers(2));
  };
  const Samples told = draw(of_vectors, {.values = numbers}), drawn = draw(of_classes, {.classes = classes});
  EXPECT_EQ(told.images, drawn.images);
  EXPECT_EQ(told.probabilities, drawn.probabilities);
}

TEST(SamplesOfClasses, AreRefusedWhereThereIsNotOneClassForEach) {
  Random random(53);
  const Model model(random, 3, 3, Activation::kTanh, {.classes = 3}), plain(random, 3, 3);
  const std::vector<int> two{0, 1};
  EXPECT_THROW((void)sample(model, {.chains = 3}), ComputeError);
  EXPECT_THROW((void)sample(model, {.chains = 3, .given = {.classes = two}}), ComputeError);
  EXPECT_THROW((void)sample(plain, {.chains = 2, .given = {.classes = two}}), ComputeError);
}

TEST(SamplesOfClasses, FollowTheModelsDistributionOverAllStatesOfEachClass) {
  constexpr int kSamples = 60000;
  ModelConfig config;
  config.activation = Activation::kTanh;
  config.condition.classes = 2;
  config.input_kernel = {3, 3};
  config.input_filters = 6;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 5}}};
  config.output_filters = {4};
  const Network network = build_network(config, 1, 3, 3);
  Random random(54);
  const std::vector<float> parameters = testing::random_parameters(random, network);
  for (const int of_class : {0, 1}) {
    const std::vector<int> classes(kSamples, of_class);
    const std::vector<float> samples =
        sample_incrementally(network, *kHead, parameters,
                             {.chains = kSamples, .seed = 22, .given = {.classes = classes}}, Workers(2))
            .images;
    testing::expect_counts_follow(testing::count_states(network, *kHead, samples),
                                  testing::state_probabilities(network, *kHead, parameters, of_class));
  }
}

}  // namespace
}  // namespace pcnn

#include "engine/train/batch_gradient.h"
#include "engine/core/error.h"

#include <gtest/gtest.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "engine/train/scorer.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

constexpr int kImages = 24;

// Binary images; all is known from the position.
void draw_image(int position, std::span<float> image) {
  testing::Random random(static_cast<std::uint64_t>(position));
  for (float& value : image) value = static_cast<float>(random.between(0, 1));
}

// Waits for parallel work of its own between two halves, as a primitive of a oneDNN with TBB threads does.
void draw_image_in_two_halves(int position, std::span<float> image) {
  std::vector<float> whole(image.size());
  draw_image(position, whole);
  const auto middle = static_cast<std::ptrdiff_t>(image.size() / 2);
  std::copy(whole.begin(), whole.begin() + middle, image.begin());
  tbb::parallel_for(0, 4, [](int) { std::this_thread::sleep_for(std::chrono::microseconds(300)); });
  std::copy(whole.begin() + middle, whole.end(), image.begin() + middle);
}

struct Result {
  double nats = 0.0;
  std::vector<float> gradients;
  friend bool operator==(const Result&, const Result&) = default;
};

Result gradient_of(const Network& network, int threads, const FillImage& fill, const Given& given = {},
                   int shard_images = 1) {
  const auto head = make_output_head({});
  const Workers workers(threads);
  BatchGradient gradient(network, *head, shard_images, workers);
  gradient.load_parameters(initial_parameters(network, Initialisation::kGlorotNormal, 1));
  Result result{.gradients = std::vector<float>(network.parameter_count())};
  result.nats = gradient.compute(kImages, fill, result.gradients, given);
  return result;
}

TEST(BatchGradient, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Network network = testing::small_network(6, 5);
  const Result one = gradient_of(network, 1, draw_image);
  for (const int threads : {2, 3, 8}) EXPECT_EQ(gradient_of(network, threads, draw_image), one);
}

Network conditional_network(const Condition& condition = {.classes = 5}) {
  ModelConfig config;
  config.activation = Activation::kTanh;
  config.condition = condition;
  config.input_kernel = {3, 3};
  config.input_filters = 6;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 5}}, {1, MaskedConvBlockConfig{{3, 3}, 7}}};
  config.output_filters = {4};
  return build_network(config, 1, 6, 5);
}

TEST(BatchGradient, OfImagesOfSeveralClassesIsTheSameOnAnyNumberOfThreads) {
  const Network network = conditional_network();
  std::vector<int> classes;
  for (int image = 0; image < kImages; ++image) classes.push_back(image * image % 4);
  const Result one =
      gradient_of(network, 1, draw_image, {.classes = classes}, 5);  // the last shard is filled up
  for (const int threads : {2, 3, 8})
    EXPECT_EQ(gradient_of(network, threads, draw_image, {.classes = classes}, 5), one);
  EXPECT_NE(gradient_of(network, 1, draw_image, {.classes = std::vector<int>(kImages, 1)}, 5), one);
  int tables = 0;
  for (const Parameter& parameter : network.parameters) {
    if (!parameter.name.ends_with(".condition.weight")) continue;
    ++tables;
    const std::span<const float> table = std::span(one.gradients).subspan(parameter.offset, parameter.size);
    const std::size_t maps = parameter.size / 5;
    // Squares are 0, 1, 0, 1 ... modulo 4, so that no image is of the others.
    for (std::size_t i = 0; i < table.size(); ++i)
      EXPECT_EQ(table[i] != 0.0f, i / maps < 2) << parameter.name << " " << i;
  }
  EXPECT_EQ(tables, 2);
}

TEST(BatchGradient, WithDropoutDependsOnTheKeyAndNotOnThreadsOrShards) {
  ModelConfig config;
  config.dropout = 0.3;
  config.input_kernel = {3, 3};
  config.input_filters = 6;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 5}},
                   {1, GatedBlockConfig{{3, 3}, 6}},
                   {1, RowLstmBlockConfig{3, 5}},
                   {1, DiagonalLstmBlockConfig{4}},
                   {1, AttentionBlockConfig{2, 3, 5}}};
  const Network network = build_network(config, 1, 6, 5);
  const auto head = make_output_head({});
  const std::vector<float> parameters = initial_parameters(network, Initialisation::kGlorotNormal, 1);
  const auto nats_of = [&](int threads, int shard_images, const DropoutKey& key) {
    const Workers workers(threads);
    BatchGradient gradient(network, *head, shard_images, workers);
    gradient.load_parameters(parameters);
    std::vector<float> gradients(network.parameter_count());
    return std::pair(gradient.compute(kImages, draw_image, gradients, {}, key), gradients);
  };
  const auto one = nats_of(1, 4, {.key = {1, 2}});
  for (const int threads : {2, 3, 8}) EXPECT_EQ(nats_of(threads, 4, {.key = {1, 2}}), one);
  // Images are told apart across shards, so that other shards drop the same values.
  EXPECT_NEAR(nats_of(2, 5, {.key = {1, 2}}).first, one.first, 1e-4 * one.first);
  EXPECT_GT(std::abs(nats_of(1, 4, {.key = {1, 3}}).first - one.first), 1e-4 * one.first);
}

// A class is a vector that is 1 at its number and 0 elsewhere: to the last bit, so that both train alike.
TEST(BatchGradient, OfVectorsThatNameAClassIsThatOfTheClasses) {
  std::vector<int> classes;
  std::vector<float> numbers;
  for (int image = 0; image < kImages; ++image) {
    classes.push_back(image % 5);
    for (int k = 0; k < 5; ++k) numbers.push_back(k == image % 5 ? 1.0f : 0.0f);
  }
  const Result told = gradient_of(conditional_network({.vector = 5}), 1, draw_image, {.values = numbers}, 5);
  EXPECT_EQ(told, gradient_of(conditional_network(), 1, draw_image, {.classes = classes}, 5));
}

TEST(BatchGradient, OfImagesWithVectorsIsTheSameOnAnyNumberOfThreads) {
  const Network network = conditional_network({.vector = 3});
  std::vector<float> numbers;
  for (int i = 0; i < 3 * kImages; ++i) numbers.push_back(static_cast<float>(i % 7) - 3.0f);
  const Result one = gradient_of(network, 1, draw_image, {.values = numbers}, 5);
  for (const int threads : {2, 3, 8})
    EXPECT_EQ(gradient_of(network, threads, draw_image, {.values = numbers}, 5), one);
  numbers.back() += 1.0f;  // of the last image, in the shard that is filled up
  EXPECT_NE(gradient_of(network, 1, draw_image, {.values = numbers}, 5), one);
}

TEST(BatchGradient, RefusesAnotherNumberOfClasses) {
  EXPECT_THROW(gradient_of(conditional_network(), 1, draw_image), ComputeError);
  EXPECT_THROW(gradient_of(conditional_network(), 1, draw_image, {.classes = std::vector<int>(kImages - 1)}),
               ComputeError);
  EXPECT_THROW(
      gradient_of(testing::small_network(6, 5), 1, draw_image, {.classes = std::vector<int>(kImages)}),
      ComputeError);
}

TEST(BatchGradient, KeepsShardsApartWhereTheirTasksWait) {
  const Network network = testing::small_network(6, 5);
  const Result expected = gradient_of(network, 1, draw_image);
  for (int round = 0; round < 3; ++round)
    EXPECT_EQ(gradient_of(network, 4, draw_image_in_two_halves), expected) << "round " << round;
}

TEST(Scorer, KeepsShardsApartWhereTheirTasksWait) {
  const Network network = testing::small_network(6, 5);
  const auto head = make_output_head({});
  const std::vector<float> parameters = initial_parameters(network, Initialisation::kGlorotNormal, 1);
  const Workers one(1), four(4);
  const std::vector<double> expected = Scorer(network, *head, 1, one).nats(parameters, kImages, draw_image);
  for (int round = 0; round < 3; ++round)
    EXPECT_EQ(Scorer(network, *head, 1, four).nats(parameters, kImages, draw_image_in_two_halves), expected)
        << "round " << round;
}

}  // namespace
}  // namespace pcnn

#include "engine/train/batch_gradient.h"

#include <gtest/gtest.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
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

Result gradient_of(const Network& network, int threads, const FillImage& fill) {
  const auto head = make_output_head({});
  const Workers workers(threads);
  BatchGradient gradient(network, *head, 1, workers);
  gradient.load_parameters(initial_parameters(network, Initialisation::kGlorotNormal, 1));
  Result result{.gradients = std::vector<float>(network.parameter_count())};
  result.nats = gradient.compute(kImages, fill, result.gradients);
  return result;
}

TEST(BatchGradient, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Network network = testing::small_network(6, 5);
  const Result one = gradient_of(network, 1, draw_image);
  for (const int threads : {2, 3, 8}) EXPECT_EQ(gradient_of(network, threads, draw_image), one);
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

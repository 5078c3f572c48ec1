#include "engine/train/input_noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/train/batch_gradient.h"
#include "tests/support/compiled.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

constexpr float kUntouched = 7.0f;  // no level's value
constexpr int kSide = 32, kArea = kSide * kSide;
constexpr DropoutKey kKey{.key = {123, 456}};

std::vector<float> noise_of(double rate, const OutputHead& head, const DropoutKey& key, std::uint32_t image,
                            int channels) {
  std::vector<float> values(static_cast<std::size_t>(channels * kArea), kUntouched);
  add_input_noise(rate, head, key, image, channels, values);
  return values;
}

TEST(InputNoise, ReplacesAPartOfThePixelsByLevelsDrawnEvenly) {
  const auto head = make_output_head({.kind = HeadKind::kSoftmax, .levels = 256});
  constexpr int kChannels = 6, kImages = 40;
  constexpr double kRate = 0.1;
  std::vector<double> levels(kChannels);
  int replaced = 0;
  for (std::uint32_t image = 0; image < kImages; ++image) {
    const std::vector<float> values = noise_of(kRate, *head, kKey, image, kChannels);
    for (std::size_t pixel = 0; pixel < kArea; ++pixel) {
      const bool is_noise = values[pixel] != kUntouched;
      replaced += is_noise;
      for (std::size_t channel = 0; channel < kChannels; ++channel) {
        const float value = values[channel * kArea + pixel];
        ASSERT_EQ(value != kUntouched, is_noise) << "all channels of a pixel, or none";
        if (!is_noise) continue;
        EXPECT_EQ(value, head->value(head->level(value)));
        levels[channel] += head->level(value);
      }
    }
  }
  constexpr double kPixels = kImages * kArea;
  EXPECT_NEAR(replaced, kRate * kPixels, 5 * std::sqrt(kRate * (1 - kRate) * kPixels));
  for (const double sum : levels)  // the deviation of a level is 73.9
    EXPECT_NEAR(sum / replaced, 127.5, 5 * 73.9 / std::sqrt(replaced));
}

TEST(InputNoise, FollowsFromTheStepAndTheImagesNumberInItsBatch) {
  const auto head = make_output_head({});
  const std::vector<float> third = noise_of(0.3, *head, kKey, 3, 1);
  EXPECT_EQ(noise_of(0.3, *head, {.key = kKey.key, .first_image = 2}, 1, 1), third);
  EXPECT_NE(noise_of(0.3, *head, kKey, 4, 1), third);
  EXPECT_NE(noise_of(0.3, *head, {.key = {123, 457}}, 3, 1), third);
  const std::vector<float> none = noise_of(0.0, *head, kKey, 3, 1);
  EXPECT_EQ(std::ranges::count(none, kUntouched), kArea);
}

// What is predicted are the images themselves; shards of three, the last one filled up, on several threads.
TEST(InputNoise, IsReadByTheNetworkAndNotPredicted) {
  constexpr int kImages = 7;
  const Network network = testing::small_network(6, 5);
  const auto head = make_output_head({});
  const std::vector<float> parameters = initial_parameters(network, Initialisation::kGlorotNormal, 1);
  const auto fill = [](int position, std::span<float> image) {
    testing::Random random(static_cast<std::uint64_t>(position));
    for (float& value : image) value = static_cast<float>(random.between(0, 1));
  };
  double expected = 0.0;
  testing::Compiled alone(network, 1, parameters);
  for (int i = 0; i < kImages; ++i) {
    std::vector<float> image(30), diff(30);
    fill(i, image);
    std::vector<float> noisy = image;
    add_input_noise(0.4, *head, kKey, static_cast<std::uint32_t>(i), 1, noisy);
    EXPECT_NE(noisy, image);
    expected += head->nats(alone.forward(noisy), image, diff);
  }
  std::vector<float> first;
  for (const int threads : {1, 3}) {
    const Workers workers(threads);
    BatchGradient gradient(network, *head, 3, workers, Precision::kF32, {}, 0.4);
    gradient.load_parameters(parameters);
    std::vector<float> gradients(network.parameter_count());
    EXPECT_NEAR(gradient.compute(kImages, fill, gradients, {}, kKey), expected, 1e-4 * expected);
    if (first.empty()) first = gradients;
    EXPECT_EQ(gradients, first);
  }
}

}  // namespace
}  // namespace pcnn

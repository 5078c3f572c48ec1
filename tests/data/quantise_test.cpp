#include "engine/data/quantise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include "engine/data/binarise.h"
#include "engine/data/data_config.h"
#include "engine/data/levels.h"
#include "tests/data/random_images.h"

namespace pcnn {
namespace {

// One image that holds each of `values` values once, in order.
ImageSet every_value(int values) {
  ImageSet images = random_images({1, 1, 1, values}, values, 1);
  std::iota(images.pixels.begin(), images.pixels.end(), std::uint16_t{0});
  return images;
}

// The level of each value.
std::vector<int> levels_of_values(int levels, int values) {
  const ImageSet images = every_value(values);
  std::vector<float> dst(images.image_size(), 9.0f);
  Quantiser(levels, values).encode(images, 0, 0, dst);
  std::vector<int> found;
  for (const float input : dst) {
    found.push_back(input_to_level(input, levels));
    EXPECT_EQ(input, level_to_input(found.back(), levels)) << "not one of the levels";
  }
  return found;
}

TEST(Levels, ComeBackFromTheirInput) {
  for (const int levels : {2, 3, 4, 5, 16, 100, 255, 256, 512, 1000, 1023, 1024, 40'000, kMaxLevels}) {
    EXPECT_EQ(level_to_input(0, levels), -1.0f);
    EXPECT_EQ(level_to_input(levels - 1, levels), 1.0f);
    for (int level = 0; level < levels; ++level)
      ASSERT_EQ(input_to_level(level_to_input(level, levels), levels), level) << "of " << levels;
  }
}

TEST(Quantiser, OfAsManyLevelsAsValuesChangesNothing) {
  for (const int values : {2, 5, 256, kMaxLevels}) {
    const std::vector<int> found = levels_of_values(values, values);
    for (int value = 0; value < values; ++value) EXPECT_EQ(found[static_cast<std::size_t>(value)], value);
  }
}

TEST(Quantiser, OfTwoLevelsIsWhiteFrom128) {
  const std::vector<int> found = levels_of_values(2, 256);
  for (int value = 0; value < 256; ++value)
    EXPECT_EQ(found[static_cast<std::size_t>(value)], value >= 128 ? 1 : 0) << value;
}

TEST(Quantiser, OfAnyLevelsTakesTheFloor) {
  for (int levels = 2; levels <= kMaxLevels; levels += levels < 300 ? 1 : levels < 1024 ? 181 : 8191) {
    const std::vector<int> found = levels_of_values(levels, 256);
    EXPECT_EQ(found.front(), 0);
    for (int value = 0; value < 256; ++value)
      ASSERT_EQ(found[static_cast<std::size_t>(value)], value * levels / 256) << levels;
    // Levels up to 256 all occur; with more, no two values share one.
    EXPECT_EQ(std::set<int>(found.begin(), found.end()).size(), std::min<std::size_t>(256, levels));
  }
}

TEST(Quantiser, MakesALevelAgainOfThePixelThatShowsIt) {
  for (int levels = 2; levels <= 256; ++levels) {
    const std::vector<int> found = levels_of_values(levels, 256);
    for (int level = 0; level < levels; ++level) {
      const int pixel = level_to_pixel(level, levels);
      ASSERT_EQ(found[static_cast<std::size_t>(pixel)], level) << "of " << levels;
      ASSERT_NEAR(pixel, 255.0 * level / (levels - 1), 1.0) << "of " << levels;
    }
    EXPECT_EQ(level_to_pixel(0, levels), 0);
    EXPECT_EQ(level_to_pixel(levels - 1, levels), 255);
  }
  EXPECT_EQ(level_to_pixel(1, 200), 2) << "the nearest one, 1, is level 0";
  for (const auto& [level, pixel] :
       {std::pair{0, 0}, {2, 0}, {3, 1}, {511, 127}, {512, 128}, {1022, 255}, {1023, 255}})
    EXPECT_EQ(level_to_pixel(level, 1024), pixel);
}

TEST(Quantiser, IsTheSameInEveryEpochAndForEvaluation) {
  const ImageSet images = random_images({3, 2, 4, 5}, 256, 2);
  const Quantiser quantiser(7);
  for (int image = 0; image < 3; ++image) {
    std::vector<float> first(images.image_size()), later(first), evaluated(first);
    quantiser.encode(images, image, 0, first);
    quantiser.encode(images, image, 5, later);
    quantiser.encode_for_evaluation(images, image, evaluated);
    EXPECT_EQ(first, later);
    EXPECT_EQ(first, evaluated);
    for (std::size_t i = 0; i < first.size(); ++i)
      EXPECT_EQ(first[i], level_to_input(images.image(image)[i] * 7 / 256, 7));
  }
}

TEST(Quantiser, SaysWhatItDoes) {
  EXPECT_EQ(Quantiser(256).describe(), "256 levels");
  EXPECT_EQ(Quantiser(4).describe(), "4 levels: floor(value * 4 / 256)");
  EXPECT_EQ(Quantiser(1024).describe(), "1024 levels: floor(value * 1024 / 256)");
  EXPECT_EQ(Quantiser(16, 16).describe(), "16 levels");
}

TEST(PixelCoding, FollowsLevelsAndWhatTheValuesAre) {
  DataConfig config;
  EXPECT_EQ(make_pixel_coding(config)->describe(), "threshold: value / 255 >= 0.5");
  config.binarisation.kind = BinarisationKind::kStored;
  EXPECT_EQ(make_pixel_coding(config)->describe(), "binary as stored");
  config.levels = 16;
  EXPECT_EQ(make_pixel_coding(config)->describe(), "16 levels: floor(value * 16 / 256)");
  config.quantised = true;
  EXPECT_EQ(make_pixel_coding(config)->describe(), "16 levels");
}

}  // namespace
}  // namespace pcnn

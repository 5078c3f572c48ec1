#include "engine/data/colour.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "tests/data/random_images.h"

namespace pcnn {
namespace {

double distance(const ColourPair& pair) {
  double squared = 0.0;
  for (std::size_t channel = 0; channel < 3; ++channel)
    squared += std::pow(pair.foreground[channel] - pair.background[channel], 2);
  return std::sqrt(squared);
}

TEST(Colours, AreFarEnoughApartToBeSeen) {
  double nearest = 1000.0;
  for (std::uint32_t id = 0; id < 5000; ++id) nearest = std::min(nearest, distance(colours_of(id, 1)));
  EXPECT_GE(nearest, 127.5);
  EXPECT_LT(nearest, 132.0) << "no more is refused than the rule says";
}

// Uniform bytes have mean 127.5 and deviation 73.9; refusing near pairs keeps the mean by symmetry and pushes
// colours outward, to a deviation below 85. Five standard errors of 5000.
TEST(Colours, AreSpreadOverTheCube) {
  std::array<double, 6> sums{};
  for (std::uint32_t id = 0; id < 5000; ++id) {
    const ColourPair pair = colours_of(id, 3);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      sums[channel] += pair.background[channel];
      sums[3 + channel] += pair.foreground[channel];
    }
  }
  for (const double sum : sums) EXPECT_NEAR(sum / 5000, 127.5, 5 * 85 / std::sqrt(5000.0));
}

TEST(Colours, FollowSeedAndId) {
  std::set<std::array<std::uint8_t, 3>> backgrounds;
  for (std::uint32_t id = 0; id < 100; ++id) {
    EXPECT_EQ(colours_of(id, 1), colours_of(id, 1));
    EXPECT_FALSE(colours_of(id, 1) == colours_of(id, 2));
    EXPECT_FALSE(colours_of(id, 1) == colours_of(id | ImageSet::kTestId, 1)) << "a test image shares none";
    backgrounds.insert(colours_of(id, 1).background);
  }
  EXPECT_GT(backgrounds.size(), 95u);
}

TEST(Coloured, KeepsWhatIsKnownOfTheImages) {
  ImageSet grey = random_images({2, 1, 3, 3}, 256, 1);
  grey.files = {"a.png", "b.png"};
  grey.labels = {1, 0};
  grey.label_names = {"cat", "dog"};
  grey.passed_over = "here: passed over: 1 .txt";
  grey.origin = "the last of the train file";
  const ImageSet colours = coloured(grey, 7);
  EXPECT_EQ(colours.files, grey.files);
  EXPECT_EQ(colours.labels, grey.labels);
  EXPECT_EQ(colours.label_names, grey.label_names);
  EXPECT_EQ(colours.passed_over, grey.passed_over);
  EXPECT_EQ(colours.origin, grey.origin);
}

TEST(Coloured, BlendsTheTwoColoursByTheGreyValue) {
  const ImageSet grey = random_images({5, 1, 16, 16}, 256, 1);
  const ImageSet colours = coloured(grey, 7);
  EXPECT_EQ(colours.channels, 3);
  EXPECT_EQ(colours.values, 256);
  EXPECT_EQ(colours.ids, grey.ids);
  ASSERT_EQ(colours.pixels.size(), 3 * grey.pixels.size());
  for (int image = 0; image < 5; ++image) {
    const ColourPair pair = colours_of(static_cast<std::uint32_t>(image), 7);
    for (std::size_t channel = 0; channel < 3; ++channel)
      for (std::size_t i = 0; i < grey.image_size(); ++i) {
        const double background = pair.background[channel], foreground = pair.foreground[channel];
        const double expected =
            std::round(background + (foreground - background) * grey.image(image)[i] / 255.0);
        ASSERT_EQ(colours.image(image)[channel * grey.image_size() + i], expected);
      }
  }
}

TEST(Coloured, BlackIsTheBackgroundAndWhiteTheForeground) {
  ImageSet grey = random_images({1, 1, 1, 2}, 256, 1);
  grey.pixels = {0, 255};
  grey.ids = {77};
  const ColourPair pair = colours_of(77, 1);
  const ImageSet colours = coloured(grey, 1);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    EXPECT_EQ(colours.pixels[2 * channel], pair.background[channel]);
    EXPECT_EQ(colours.pixels[2 * channel + 1], pair.foreground[channel]);
  }
}

TEST(Coloured, DoesNotDependOnWhichImagesAreChosen) {
  const ImageSet grey = random_images({6, 1, 3, 2}, 256, 4);
  const std::vector<int> positions{5, 0, 3};
  EXPECT_EQ(coloured(select(grey, positions), 2).pixels, select(coloured(grey, 2), positions).pixels);
}

}  // namespace
}  // namespace pcnn

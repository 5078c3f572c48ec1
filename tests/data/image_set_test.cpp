#include "engine/data/image_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace pcnn {
namespace {

const ImageSet kThree{.name = "three",
                      .count = 3,
                      .channels = 1,
                      .height = 1,
                      .width = 2,
                      .values = 7,
                      .pixels = {1, 2, 3, 4, 5, 6},
                      .ids = {7, 8, 9}};

TEST(ImageSet, GivesTheValuesOfOneImage) {
  ASSERT_EQ(kThree.image_size(), 2u);
  EXPECT_EQ(kThree.image(2)[0], 5);
  EXPECT_EQ(kThree.image(2)[1], 6);
}

TEST(ImageSet, SelectKeepsOrderSizeAndIds) {
  const std::array positions = {2, 0, 2};
  const ImageSet chosen = select(kThree, positions);
  EXPECT_EQ(chosen.count, 3);
  EXPECT_EQ(chosen.width, 2);
  EXPECT_EQ(chosen.values, 7);
  EXPECT_EQ(chosen.pixels, (std::vector<std::uint16_t>{5, 6, 1, 2, 5, 6}));
  EXPECT_EQ(chosen.ids, (std::vector<std::uint32_t>{9, 7, 9}));
  EXPECT_EQ(chosen.name, "three");
}

TEST(ImageSet, SelectKeepsFilesAndLabelsWithTheirImages) {
  ImageSet named = kThree;
  named.files = {"cat/1.png", "cat/2.png", "dog/1.png"};
  named.labels = {0, 0, 1};
  named.label_names = {"cat", "dog"};
  const ImageSet chosen = select(named, std::array{2, 0});
  EXPECT_EQ(chosen.files, (std::vector<std::string>{"dog/1.png", "cat/1.png"}));
  EXPECT_EQ(chosen.labels, (std::vector<int>{1, 0}));
  EXPECT_EQ(chosen.label_names, named.label_names);
}

TEST(ImageSet, SelectsNothing) {
  const ImageSet none = select(kThree, {});
  EXPECT_EQ(none.count, 0);
  EXPECT_EQ(none.width, 2);
  EXPECT_TRUE(none.pixels.empty() && none.ids.empty());
}

TEST(ImageSet, NumbersImagesFromZero) {
  EXPECT_EQ(ids_in_order(3), (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST(ImageShape, IsAcceptedUpToItsLimits) {
  EXPECT_TRUE(is_image_shape(1, 1, 1, 1));
  EXPECT_TRUE(is_image_shape(7, 4, 1 << 14, 1 << 12));
  EXPECT_TRUE(is_image_shape((1u << 31) - 1, 1, 1, 1));
}

TEST(ImageShape, IsRefusedWhereItIsEmptyOrWouldOverflow) {
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  const std::vector<std::array<std::uint64_t, 4>> refused = {{0, 1, 1, 1},
                                                             {1, 0, 1, 1},
                                                             {1, 1, 0, 1},
                                                             {1, 1, 1, 0},
                                                             {1, 5, 1, 1},
                                                             {1, 1, (1 << 14) + 1, 1},
                                                             {1, 1, 1, (1 << 14) + 1},
                                                             {1u << 31, 1, 1, 1},
                                                             {8, 4, 1 << 14, 1 << 12},
                                                             {kMost, 4, 1 << 14, 1 << 14},
                                                             {1, 1, kMost, kMost},
                                                             {kMost, kMost, kMost, kMost}};
  for (const auto& [count, channels, height, width] : refused)
    EXPECT_FALSE(is_image_shape(count, channels, height, width))
        << count << " " << channels << " " << height << " " << width;
}

}  // namespace
}  // namespace pcnn

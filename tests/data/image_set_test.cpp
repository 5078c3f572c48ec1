#include "engine/data/image_set.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pcnn {
namespace {

const ImageSet kThree{.name = "three",
                      .count = 3,
                      .channels = 1,
                      .height = 1,
                      .width = 2,
                      .pixels = {1, 2, 3, 4, 5, 6},
                      .ids = {7, 8, 9}};

TEST(ImageSet, GivesTheBytesOfOneImage) {
  ASSERT_EQ(kThree.image_size(), 2u);
  EXPECT_EQ(kThree.image(2)[0], 5);
  EXPECT_EQ(kThree.image(2)[1], 6);
}

TEST(ImageSet, SelectKeepsOrderSizeAndIds) {
  const std::array positions = {2, 0, 2};
  const ImageSet chosen = select(kThree, positions);
  EXPECT_EQ(chosen.count, 3);
  EXPECT_EQ(chosen.width, 2);
  EXPECT_EQ(chosen.pixels, (std::vector<std::uint8_t>{5, 6, 1, 2, 5, 6}));
  EXPECT_EQ(chosen.ids, (std::vector<std::uint32_t>{9, 7, 9}));
  EXPECT_EQ(chosen.name, "three");
}

TEST(ImageSet, SelectsNothing) {
  const ImageSet none = select(kThree, {});
  EXPECT_EQ(none.count, 0);
  EXPECT_EQ(none.width, 2);
  EXPECT_TRUE(none.pixels.empty() && none.ids.empty());
}

}  // namespace
}  // namespace pcnn

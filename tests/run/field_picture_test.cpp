#include "engine/run/field_picture.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "tests/support/networks.h"

namespace pcnn {
namespace {

using Colour = std::array<std::uint8_t, 3>;

Colour colour(const Image8& picture, int row, int column) {
  const std::size_t at = picture.offset(row, column);
  return {picture.pixels[at], picture.pixels[at + 1], picture.pixels[at + 2]};
}

TEST(FieldPicture, DrawsEveryCellWithLinesBetween) {
  const FieldGrid grid = field_grid(testing::tutorial_network());
  constexpr int kScale = 5;
  const Image8 picture = field_picture(grid, kScale);
  ASSERT_EQ(picture.width, 21 * kScale + 1);
  ASSERT_EQ(picture.height, 12 * kScale + 1);
  ASSERT_EQ(picture.pixels.size(), static_cast<std::size_t>(picture.width * picture.height * 3));
  std::set<Colour> colours;
  for (int row = 0; row < grid.rows(); ++row)
    for (int column = 0; column < grid.columns(); ++column) {
      const int y = row * kScale, x = column * kScale;
      EXPECT_EQ(colour(picture, y + 1, x + 1), colour(picture, y + kScale - 1, x + kScale - 1));
      EXPECT_EQ(colour(picture, y, x), colour(picture, 0, 0)) << "a line";
      colours.insert(colour(picture, y + 1, x + 1));
    }
  EXPECT_EQ(colours.size(), 4u);
}

TEST(FieldPicture, HasNoLinesWhereCellsAreSmall) {
  const FieldGrid grid = field_grid(testing::small_network(5, 5));
  const Image8 picture = field_picture(grid, 1);
  EXPECT_EQ(picture.width, grid.columns());
  EXPECT_EQ(picture.height, grid.rows());
  EXPECT_NE(colour(picture, grid.up, grid.side), colour(picture, grid.up, grid.side - 1));
}

}  // namespace
}  // namespace pcnn

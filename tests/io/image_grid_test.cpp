#include "engine/io/image_grid.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace pcnn {
namespace {

Image8 flat_image(int width, int height, std::uint8_t value, int channels = 1) {
  Image8 image{.width = width, .height = height, .channels = channels, .pixels = {}};
  image.pixels.assign(image.offset(height, 0), value);
  return image;
}

TEST(ImageGrid, LaysImagesOutInReadingOrder) {
  const std::vector<Image8> images{flat_image(1, 1, 1), flat_image(1, 1, 2), flat_image(1, 1, 3)};
  const Image8 grid = tile_images(images, 2, 1, 1, 9);
  EXPECT_EQ(grid, (Image8{.width = 5, .height = 5, .channels = 1, .pixels = {9, 9, 9, 9, 9,  //
                                                                             9, 1, 9, 2, 9,  //
                                                                             9, 9, 9, 9, 9,  //
                                                                             9, 3, 9, 9, 9,  //
                                                                             9, 9, 9, 9, 9}}));
}

TEST(ImageGrid, MagnifiesEveryPixelToASquare) {
  const Image8 image{.width = 2, .height = 1, .channels = 3, .pixels = {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(tile_images({&image, 1}, 0, 0, 2).pixels,
            (std::vector<std::uint8_t>{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6,  //
                                       1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
}

TEST(ImageGrid, EveryGridPixelIsItsImagesPixelOrBackground) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 50; ++trial) {
    const int count = 1 + static_cast<int>(random() % 7), columns = 1 + static_cast<int>(random() % 4);
    const int gap = static_cast<int>(random() % 3), scale = 1 + static_cast<int>(random() % 3);
    std::vector<Image8> images(static_cast<std::size_t>(count), flat_image(3, 2, 0));
    for (Image8& image : images)
      for (std::uint8_t& pixel : image.pixels) pixel = static_cast<std::uint8_t>(random() % 200);
    const Image8 grid = tile_images(images, columns, gap, scale, 255);
    for (int row = 0; row < grid.height; ++row)
      for (int column = 0; column < grid.width; ++column) {
        const int y = row - gap, x = column - gap, tile_h = 2 * scale + gap, tile_w = 3 * scale + gap;
        const int i = y / tile_h * std::min(columns, count) + x / tile_w;
        const bool inside = y >= 0 && x >= 0 && y % tile_h < 2 * scale && x % tile_w < 3 * scale && i < count;
        const std::uint8_t expected =
            inside ? images[static_cast<std::size_t>(i)]
                         .pixels[static_cast<std::size_t>(y % tile_h / scale * 3 + x % tile_w / scale)]
                   : 255;
        ASSERT_EQ(grid.pixels[grid.offset(row, column)], expected) << row << ", " << column;
      }
  }
}

TEST(ImageGrid, ChoosesColumnsNearASquare) {
  const auto shape = [](std::size_t count) {
    const Image8 grid = tile_images(std::vector<Image8>(count, flat_image(1, 1, 0)), 0, 0);
    return std::pair(grid.width, grid.height);
  };
  EXPECT_EQ(shape(1), std::pair(1, 1));
  EXPECT_EQ(shape(2), std::pair(2, 1));
  EXPECT_EQ(shape(5), std::pair(3, 2));
  EXPECT_EQ(shape(64), std::pair(8, 8));
}

TEST(ImageGrid, IsNoWiderThanItsImages) {
  EXPECT_EQ(tile_images(std::vector<Image8>(2, flat_image(4, 4, 0)), 10, 0).width, 8);
}

TEST(ImageGrid, NoImagesGiveAnEmptyPicture) {
  EXPECT_EQ(tile_images({}), Image8{});
}

TEST(ImageGrid, RefusesImagesOfDifferentShapesAndImpossibleNumbers) {
  const auto refuses = [](const std::vector<Image8>& images, int columns = 0, int gap = 0, int scale = 1) {
    EXPECT_THROW((void)tile_images(images, columns, gap, scale), std::invalid_argument);
  };
  const Image8 image = flat_image(2, 2, 0);
  Image8 cut = image;
  cut.pixels.pop_back();
  refuses({image, flat_image(3, 2, 0)});
  refuses({image, flat_image(2, 3, 0)});
  refuses({image, flat_image(2, 2, 0, 3)});
  refuses({image, cut});
  refuses({cut});
  refuses({Image8{}});
  refuses({image}, -1);
  refuses({image}, 0, -1);
  refuses({image}, 0, 0, 0);
}

TEST(ImageGrid, TellsItsSizeBeforeAndRefusesOneBeyondWhatAPictureMayHave) {
  const GridSize size = grid_size(670879, 1, 100, 1, 2, 64);
  EXPECT_EQ(size.width, 68);
  EXPECT_EQ(size.height, 670879LL * 6402 + 2);
  const std::vector<Image8> images(200, flat_image(100, 1, 0));
  EXPECT_THROW((void)tile_images(images, 0, 0, 1000), std::invalid_argument);
}

}  // namespace
}  // namespace pcnn

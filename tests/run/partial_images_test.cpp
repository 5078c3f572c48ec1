#include "engine/run/partial_images.h"

#include <gtest/gtest.h>

#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

TEST(PartialImages, ReadsPicturesByThresholdAndMasksWhiteAsKnown) {
  const TemporaryDirectory directory;
  const std::string image = directory.file("image.png"), mask = directory.file("mask.png");
  write_png(image, {.width = 3, .height = 2, .channels = 1, .pixels = {0, 76, 77, 127, 128, 255}});
  write_png(mask, {.width = 3, .height = 2, .channels = 1, .pixels = {255, 128, 127, 0, 0, 255}});
  const PartialImages half = read_partial_images(image, mask, 1, 0.5);
  EXPECT_EQ(half.shape, (Shape{1, 1, 2, 3}));
  EXPECT_EQ(half.pixels, (std::vector<float>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(half.known, (std::vector<std::uint8_t>{1, 1, 0, 0, 0, 1}));
  EXPECT_EQ(read_partial_images(image, mask, 1, 0.3).pixels, (std::vector<float>{0, 0, 1, 1, 1, 1}));
}

TEST(PartialImages, GivesEveryImageItsOwnMask) {
  const TemporaryDirectory directory;
  const std::string images = directory.file("images.npy"), masks = directory.file("masks.npy");
  const std::vector<std::uint8_t> pixels{1, 0, 0, 1}, known{1, 0, 0, 9};
  write_npy(images, {2, 1, 2}, pixels);
  write_npy(masks, {2, 1, 2}, known);
  const PartialImages partial = read_partial_images(images, masks, 1, 0.5);
  EXPECT_EQ(partial.pixels, (std::vector<float>{1, 0, 0, 1}));
  EXPECT_EQ(partial.known, (std::vector<std::uint8_t>{1, 0, 0, 1}));
}

}  // namespace
}  // namespace pcnn

#include "engine/run/partial_images.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/core/error.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

const auto kHead = make_output_head({});

TEST(PartialImages, ReadsPicturesByThresholdAndMasksWhiteAsKnown) {
  const TemporaryDirectory directory;
  const std::string image = directory.file("image.png"), mask = directory.file("mask.png");
  write_png(image, {.width = 3, .height = 2, .channels = 1, .pixels = {0, 76, 77, 127, 128, 255}});
  write_png(mask, {.width = 3, .height = 2, .channels = 1, .pixels = {255, 128, 127, 0, 0, 255}});
  const PartialImages half = read_partial_images(image, mask, 1, *kHead, 0.5);
  EXPECT_EQ(half.shape, (Shape{1, 1, 2, 3}));
  EXPECT_EQ(half.pixels, (std::vector<float>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(half.known, (std::vector<std::uint8_t>{1, 1, 0, 0, 0, 1}));
  EXPECT_EQ(read_partial_images(image, mask, 1, *kHead, 0.3).pixels, (std::vector<float>{0, 0, 1, 1, 1, 1}));
}

TEST(PartialImages, GivesEveryImageItsOwnMask) {
  const TemporaryDirectory directory;
  const std::string images = directory.file("images.npy"), masks = directory.file("masks.npy");
  const std::vector<std::uint8_t> pixels{1, 0, 0, 1}, known{1, 0, 0, 9};
  write_npy(images, {2, 1, 2}, pixels);
  write_npy(masks, {2, 1, 2}, known);
  const PartialImages partial = read_partial_images(images, masks, 1, *kHead, 0.5);
  EXPECT_EQ(partial.pixels, (std::vector<float>{1, 0, 0, 1}));
  EXPECT_EQ(partial.known, (std::vector<std::uint8_t>{1, 0, 0, 1}));
}

TEST(PartialImages, ReadsColourPicturesAndArraysAsLevels) {
  const TemporaryDirectory directory;
  const std::string image = directory.file("image.png"), mask = directory.file("mask.png"),
                    array = directory.file("image.npy");
  const auto head = make_output_head({.kind = HeadKind::kSoftmax, .levels = 4}, 3);
  write_png(image, {.width = 2, .height = 1, .channels = 3, .pixels = {0, 63, 64, 255, 192, 127}});
  write_png(mask, {.width = 2, .height = 1, .channels = 1, .pixels = {255, 0}});
  const PartialImages partial = read_partial_images(image, mask, 3, *head, 0.5);
  EXPECT_EQ(partial.shape, (Shape{1, 3, 1, 2}));
  std::vector<int> levels;  // channel by channel
  for (const float value : partial.pixels) levels.push_back(head->level(value));
  EXPECT_EQ(levels, (std::vector{0, 3, 0, 3, 1, 1}));

  const std::vector<std::uint8_t> stored{0, 3, 0, 3, 1, 1};
  write_npy(array, {1, 3, 1, 2}, stored);
  EXPECT_EQ(read_partial_images(array, mask, 3, *head, 0.5).pixels, partial.pixels);
  write_npy(array, {1, 3, 1, 2}, std::vector<std::uint8_t>{0, 3, 0, 4, 1, 1});
  EXPECT_EQ(error_of<ConfigError>([&] { (void)read_partial_images(array, mask, 3, *head, 0.5); }),
            array + ": value 4 at index (0, 1, 0, 1), accepted: levels 0 to 3, as the model draws them");
  // Channels last, as one array and as one picture.
  const std::vector<std::uint8_t> last{0, 0, 1, 3, 3, 1};
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{1, 1, 2, 3}, {1, 2, 3}}) {
    write_npy(array, shape, last);
    EXPECT_EQ(read_partial_images(array, mask, 3, *head, 0.5).pixels, partial.pixels);
    EXPECT_EQ(read_partial_images(array, mask, 3, *head, 0.5).shape, partial.shape);
  }
}

TEST(PartialImages, ReadsFoldersAndTheMaskOfEachByItsName) {
  const TemporaryDirectory directory;
  const std::string images = directory.file("images"), masks = directory.file("masks");
  for (const std::string& folder : {images, masks}) std::filesystem::create_directories(folder);
  const auto write = [](const std::string& path, std::uint8_t left, std::uint8_t right) {
    write_png(path, {.width = 2, .height = 1, .channels = 1, .pixels = {left, right}});
  };
  write(images + "/2.png", 255, 0);
  write(images + "/10.png", 0, 255);
  write(masks + "/10.png", 0, 255);
  write(masks + "/2.png", 255, 255);
  write(masks + "/11.png", 0, 0);
  const PartialImages own = read_partial_images(images, masks, 1, *kHead, 0.5);
  EXPECT_EQ(own.shape, (Shape{2, 1, 1, 2}));
  EXPECT_EQ(own.pixels, (std::vector<float>{1, 0, 0, 1}));
  EXPECT_EQ(own.known, (std::vector<std::uint8_t>{1, 1, 0, 1}));
  const PartialImages same = read_partial_images(images, masks + "/10.png", 1, *kHead, 0.5);
  EXPECT_EQ(same.known, (std::vector<std::uint8_t>{0, 1, 0, 1}));
  std::filesystem::remove(masks + "/2.png");
  EXPECT_EQ(error_of<ConfigError>([&] { (void)read_partial_images(images, masks, 1, *kHead, 0.5); }),
            masks + ": holds no mask 2.png, accepted: a mask for each image, under the same name");
}

}  // namespace
}  // namespace pcnn

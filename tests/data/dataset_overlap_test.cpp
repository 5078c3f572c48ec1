// Test images that are in the train file too.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/data/dataset.h"
#include "tests/data/made_up_data.h"

namespace pcnn {
namespace {

TEST(Dataset, RefusesTestImagesThatAreTrainedOn) {
  const ImageSet train = random_images({25, 1, 4, 5}, 256, 1);
  ImageSet test = random_images({8, 1, 4, 5}, 256, 2);
  copy_image(train, 20, test, 3);  // a validation image
  DataConfig config = npy_of(train, test);
  EXPECT_EQ(
      message_of<ConfigError>([&] { (void)load_dataset(config); }),
      config.directory +
          ": 1 of the 8 test images is also in the train file, the first of them: test image 3 equals image "
          "20 of the train file, both counted from 0; data.allow_test_in_train: true trains anyway and "
          "marks every result");
  copy_image(train, 2, test, 6);
  config = npy_of(train, test);
  EXPECT_NE(
      message_of<ConfigError>([&] { (void)load_dataset(config); }).find("2 of the 8 test images are also"),
      std::string::npos);

  // Neither is seen in training here.
  config.train_on = TrainOn::kTest;
  EXPECT_EQ(load_dataset(config).note.find("also in the train file"), std::string::npos);
}

TEST(Dataset, NotesTestImagesThatMayBeTrainedOn) {
  const ImageSet train = random_images({25, 1, 4, 5}, 256, 1);
  ImageSet test = random_images({8, 1, 4, 5}, 256, 2);
  DataConfig config = npy_of(train, test);
  config.allow_test_in_train = true;
  EXPECT_EQ(load_dataset(config).note, "") << "there is nothing to say";
  copy_image(train, 2, test, 6);
  config = npy_of(train, test);
  config.allow_test_in_train = true;
  EXPECT_EQ(
      load_dataset(config).note,
      "1 of the 8 test images is also in the train file (data.allow_test_in_train: true): their scores say "
      "how well they are remembered");
}

TEST(Dataset, AnUnusedTrainImageMayBeATestImage) {
  const ImageSet train = random_images({25, 1, 4, 5}, 256, 1);
  ImageSet test = random_images({8, 1, 4, 5}, 256, 2);
  copy_image(train, 12, test, 6);
  DataConfig config = npy_of(train, test);
  config.train_images = 12;
  EXPECT_EQ(load_dataset(config).note, "");
  config.train_images = 13;
  EXPECT_NE(message_of<ConfigError>([&] { (void)load_dataset(config); }), "no error");
}

TEST(Dataset, Cifar10IsTakenAsPublishedAndItsRepeatsNoted) {
  const std::string directory = scratch_directory();
  for (std::uint32_t number = 1; number <= 5; ++number)
    write_bytes(directory + "/data_batch_" + std::to_string(number) + ".bin",
                Bytes(3073, std::uint8_t(number)));
  Bytes test(2 * 3073, 8);
  std::fill_n(test.begin(), 3073, std::uint8_t{3});
  write_bytes(directory + "/test_batch.bin", test);
  DataConfig config = config_of(DatasetKind::kCifar10, directory);
  config.validation_images = 1;
  const Dataset data = load_dataset(config);
  EXPECT_EQ(size_of(data.train), "4x3x32x32");
  EXPECT_EQ(
      data.note,
      "1 of the 2 test images is also in the train file, as published: their scores say how well they are "
      "remembered");
  EXPECT_EQ(description(config, 10000, "test"), "CIFAR-10 test split, 10,000 images");
}

// Their colours differ, so only the grey images can tell.
TEST(Dataset, ComparesImagesBeforeTheyAreColoured) {
  const ImageSet train = random_images({25, 1, 4, 5}, 256, 1);
  ImageSet test = random_images({8, 1, 4, 5}, 256, 2);
  copy_image(train, 2, test, 6);
  DataConfig config = npy_of(train, test);
  config.colour = true;
  EXPECT_NE(message_of<ConfigError>([&] { (void)load_dataset(config); }).find("1 of the 8 test images"),
            std::string::npos);
}

TEST(Dataset, NamesTheFilesOfATestImageThatIsTrainedOn) {
  const std::string directory = scratch_directory();
  const ImageSet all = random_images({20, 1, 5, 4}, 256, 3);
  write_pngs(directory + "/train", all, 0, 15);
  write_pngs(directory + "/test", all, 12, 20);
  DataConfig config = config_of(DatasetKind::kPng, directory);
  EXPECT_EQ(message_of<ConfigError>([&] { (void)load_dataset(config); }),
            directory +
                ": 3 of the 8 test images are also in the train file, the first of them: test/12.png equals "
                "train/12.png; data.allow_test_in_train: true trains anyway and marks every result");
}

}  // namespace
}  // namespace pcnn

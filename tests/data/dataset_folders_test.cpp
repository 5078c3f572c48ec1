// Data sets that are folders of PNG files.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/split.h"
#include "tests/data/made_up_data.h"

namespace pcnn {
namespace {

std::vector<std::uint32_t> positions(const ImageSet& images) {
  std::vector<std::uint32_t> all = images.ids;
  for (std::uint32_t& id : all) id &= ~ImageSet::kTestId;
  return all;
}

TEST(Dataset, ReadsFoldersOfPng) {
  const std::string directory = scratch_directory();
  const ImageSet all = random_images({9, 1, 5, 4}, 256, 3);
  for (int i = 0; i < all.count; ++i) {
    const std::string folder = directory + (i < 6 ? "/train" : "/test");
    std::filesystem::create_directories(folder);
    write_png(folder + "/" + std::to_string(i) + ".png",
              {.width = 4, .height = 5, .channels = 1, .pixels = {all.image(i).begin(), all.image(i).end()}});
  }
  DataConfig config = config_of(DatasetKind::kPng, directory);
  config.validation_images = 2;
  const Dataset data = load_dataset(config);
  EXPECT_EQ(size_of(data.train), "4x1x5x4");
  EXPECT_TRUE(std::ranges::equal(data.validation.image(1), all.image(5)));
  EXPECT_TRUE(std::ranges::equal(data.test.image(2), all.image(8)));
}

TEST(Dataset, TakesTheTestImagesOutOfOneFolder) {
  const std::string directory = scratch_directory();
  const ImageSet all = random_images({40, 1, 5, 4}, 256, 3);
  write_pngs(directory, all, 0, 40);
  DataConfig config = config_of(DatasetKind::kPng, directory);
  std::set<std::vector<std::uint32_t>> choices;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    config.split_seed = seed;
    config.test_images = 0.2;
    config.validation_images = 6;
    const Dataset data = load_dataset(config);
    EXPECT_EQ(data.test.count, 8);
    EXPECT_EQ(data.validation.count, 6);
    EXPECT_EQ(data.train.count, 26);
    std::set<std::uint32_t> seen;
    for (const ImageSet* images : {&data.train, &data.validation, &data.test}) {
      EXPECT_TRUE(std::ranges::is_sorted(images->ids));
      for (int i = 0; i < images->count; ++i) {
        const std::uint32_t position = positions(*images)[static_cast<std::size_t>(i)];
        EXPECT_TRUE(seen.insert(position).second);
        EXPECT_TRUE(std::ranges::equal(images->image(i), all.image(static_cast<int>(position))));
        EXPECT_EQ(images->files[static_cast<std::size_t>(i)], std::to_string(position) + ".png");
        EXPECT_EQ((images->ids[static_cast<std::size_t>(i)] & ImageSet::kTestId) != 0, images == &data.test);
      }
    }
    EXPECT_EQ(describe_split(config, data.test, "test"),
              "PNG files in " + directory + ", test split, 8 images (chosen from all 40 images with seed " +
                  std::to_string(seed) + ")");
    EXPECT_EQ(load_dataset(config).test.ids, data.test.ids);
    config.validation_images = 0.5;
    EXPECT_EQ(load_dataset(config).test.ids, data.test.ids) << "what is validated on is no matter";
    choices.insert(data.test.ids);
  }
  EXPECT_EQ(choices.size(), 10u);
}

TEST(Dataset, ATenthIsTheDefaultOfBothSplits) {
  const std::string directory = scratch_directory();
  write_pngs(directory + "/train", random_images({40, 1, 5, 4}, 256, 3), 0, 40);
  DataConfig config = config_of(DatasetKind::kPng, directory);
  Dataset data = load_dataset(config);
  EXPECT_EQ(data.test.count, 4);
  EXPECT_EQ(data.validation.count, 4);
  EXPECT_EQ(data.train.count, 32);
  EXPECT_EQ(data.validation.origin, "chosen from all 40 images with seed 1");
  config.validation_choice = ValidationChoice::kLast;
  data = load_dataset(config);
  EXPECT_EQ(data.validation.origin, "the last of those that are not test images");
  EXPECT_GT(data.validation.ids.front(), data.train.ids.back());
}

TEST(Dataset, ClassFoldersAreValidatedOnImagesOfEveryClass) {
  const std::string directory = scratch_directory();
  const ImageSet all = random_images({90, 1, 5, 4}, 256, 3);
  write_pngs(directory + "/train/cat", all, 0, 40);
  write_pngs(directory + "/train/dog", all, 40, 80);
  write_pngs(directory + "/test/dog", all, 80, 90);
  DataConfig config = config_of(DatasetKind::kPng, directory);
  config.validation_images = 20;
  const Dataset data = load_dataset(config);
  EXPECT_EQ(data.validation.origin, "chosen from the train file with seed 1");
  EXPECT_GT(std::ranges::count(data.validation.labels, 0), 0);
  EXPECT_GT(std::ranges::count(data.validation.labels, 1), 0);
  EXPECT_EQ(data.test.labels, std::vector<int>(10, 1));
  EXPECT_EQ(data.test.label_names, (std::vector<std::string>{"cat", "dog"}));
  config.validation_choice = ValidationChoice::kLast;
  EXPECT_EQ(load_dataset(config).validation.labels, std::vector<int>(20, 1));
}

TEST(Dataset, SaysWhichSizeLeavesNoImages) {
  const std::string directory = scratch_directory();
  write_pngs(directory, random_images({10, 1, 5, 4}, 256, 3), 0, 10);
  DataConfig config = config_of(DatasetKind::kPng, directory);
  const auto error = [&] { return message_of<ConfigError>([&] { (void)load_dataset(config); }); };
  config.test_images = 9;
  EXPECT_EQ(
      error(),
      "data.test_images: found 9, accepted: less than 9, so that of the 10 images two are left to train and "
      "validate on");
  config.test_images = 5;
  config.validation_images = 0.5;
  EXPECT_EQ(
      error(),
      "data.validation_images: found 0.5, which is 5 images here, accepted: less than the 5 images that "
      "test_images leaves");
  config.train_on = TrainOn::kTest;
  config.test_images = std::nullopt;
  EXPECT_EQ(error(), "data.train_on: found test, accepted: train, since " + directory +
                         " has no test images of its own");
}

TEST(Dataset, OneFolderNeedsAnImageForEachSplit) {
  const std::string directory = scratch_directory();
  const ImageSet all = random_images({3, 1, 5, 4}, 256, 3);
  write_pngs(directory, all, 0, 2);
  const DataConfig config = config_of(DatasetKind::kPng, directory);
  EXPECT_EQ(message_of<ConfigError>([&] { (void)load_dataset(config); }),
            directory + ": found 2 images, accepted: at least 3, to train, validate and test on");
  write_pngs(directory, all, 2, 3);
  EXPECT_EQ(load_dataset(config).train.count, 1);
}

TEST(Dataset, AMissingDirectoryIsNamedWhateverTheSplit) {
  DataConfig config = config_of(DatasetKind::kPng, scratch_directory() + "/none");
  config.test_images = 0.1;
  EXPECT_NE(
      message_of<FileError>([&] { (void)load_dataset(config); }).find("/none: cannot be read: No such file"),
      std::string::npos);
}

TEST(Dataset, SaysWhatWasPassedOverInBothFolders) {
  const std::string directory = scratch_directory();
  const ImageSet all = random_images({20, 1, 5, 4}, 256, 3);
  write_pngs(directory + "/train", all, 0, 15);
  write_pngs(directory + "/test", all, 15, 20);
  EXPECT_EQ(load_dataset(config_of(DatasetKind::kPng, directory)).passed_over, "");
  write_bytes(directory + "/test/a.txt", {1});
  write_bytes(directory + "/train/b.csv", {1});
  EXPECT_EQ(load_dataset(config_of(DatasetKind::kPng, directory)).passed_over,
            directory + "/test: passed over: 1 .txt; " + directory + "/train: passed over: 1 .csv");
}

}  // namespace
}  // namespace pcnn

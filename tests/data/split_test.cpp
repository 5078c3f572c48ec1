#include "engine/data/split.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/data/made_up_data.h"

namespace pcnn {
namespace {

TEST(ImagesByDefault, AreATenthUpToFiveThousand) {
  EXPECT_EQ(images_by_default(60'000), 5000);
  EXPECT_EQ(images_by_default(50'000), 5000);
  EXPECT_EQ(images_by_default(49'990), 4999);
  EXPECT_EQ(images_by_default(100), 10);
  EXPECT_EQ(images_by_default(4), 1);
  EXPECT_EQ(images_of_size(0.29, 100), 29);
  EXPECT_EQ(images_of_size(0.001, 100), 1);
  EXPECT_EQ(images_of_size(7, 3), 7);
}

TEST(DescribeSplit, NamesDatasetSplitAndCount) {
  DataConfig config;
  EXPECT_EQ(description(config, 10000, "test"), "MNIST test split, 10,000 images");
  EXPECT_EQ(description(config, 999, "train"), "MNIST train split, 999 images");
  EXPECT_EQ(description(config, 1234567, "train"), "MNIST train split, 1,234,567 images");
  EXPECT_EQ(description(config, 1, "train"), "MNIST train split, 1 image");
  EXPECT_EQ(description(config, 10000, "validation"), "MNIST validation split, 10,000 images");
  config.dataset = DatasetKind::kFashionMnist;
  EXPECT_EQ(description(config, 10000, "test"), "Fashion-MNIST test split, 10,000 images");
  config = config_of(DatasetKind::kIdx, "here");
  EXPECT_EQ(description(config, 10000, "test"), "IDX files in here, test split, 10,000 images");
  config = config_of(DatasetKind::kNpy, "here");
  EXPECT_EQ(description(config, 10000, "test"), "npy files in here, test split, 10,000 images");
  config = config_of(DatasetKind::kPng, "here");
  EXPECT_EQ(description(config, 10000, "test"), "PNG files in here, test split, 10,000 images");
  config = DataConfig{.colour = true, .colour_seed = 3};
  EXPECT_EQ(description(config, 10000, "test"), "MNIST test split (coloured, seed 3), 10,000 images");
}

TEST(DescribeSplit, SaysHowImagesWereChosen) {
  DataConfig config = made_up();
  const std::string start = "IDX files in " + config.directory + ", validation split, 10 images ";
  EXPECT_EQ(describe_split(config, load_dataset(config).validation, "validation"),
            start + "(the last of the train file)");
  config.validation_choice = ValidationChoice::kSeeded;
  config.split_seed = 4;
  EXPECT_EQ(describe_split(config, load_dataset(config).validation, "validation"),
            start + "(chosen from the train file with seed 4)");
}

TEST(DescribeSplit, TrainingOnTestHasNoOtherSplit) {
  DataConfig config;
  config.train_on = TrainOn::kTest;
  EXPECT_EQ(description(config, 10000, "validation"), "MNIST test split, 10,000 images");
}

}  // namespace
}  // namespace pcnn

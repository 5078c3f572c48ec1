#include "engine/data/data_config.h"

#include <gtest/gtest.h>

#include "engine/config/config.h"
#include "engine/core/error.h"
#include "tests/data/idx_files.h"

namespace pcnn {
namespace {

// `keys` is the inside of the section, as a flow map.
DataConfig read(const std::string& keys, int levels = 0) {
  const ConfigDocument document = ConfigDocument::from_string("data: {" + keys + "}\n", "x.yaml");
  DataConfig config = read_data_config(document.root().section("data"), levels);
  document.reject_unread();
  return config;
}

std::string error_of(const std::string& keys, int levels = 0) {
  return message_of<ConfigError>([&] { (void)read(keys, levels); });
}

TEST(DataConfig, DefaultsWhereNothingIsGiven) {
  const DataConfig config = read("");
  EXPECT_EQ(config, DataConfig{});
  EXPECT_EQ(config.directory, "data/mnist");
  EXPECT_EQ(config.validation_images, std::nullopt);
  EXPECT_EQ(config.test_images, std::nullopt);
  EXPECT_EQ(config.validation_choice, ValidationChoice::kAuto);
  EXPECT_EQ(config.train_on, TrainOn::kTrain);
  EXPECT_EQ(config.train_images, std::nullopt);
  EXPECT_EQ(config.binarisation.kind, BinarisationKind::kThreshold);
  EXPECT_EQ(config.binarisation.threshold, 0.5);
}

TEST(DataConfig, ReadsEveryKey) {
  DataConfig expected{.dataset = DatasetKind::kIdx,
                      .directory = "here",
                      .train_images = 100,
                      .validation_images = 20,
                      .validation_choice = ValidationChoice::kSeeded,
                      .split_seed = 3,
                      .train_on = TrainOn::kTrain,
                      .binarisation = {.threshold = 0.25}};
  const std::string keys =
      "dataset: idx, directory: here, train_images: 100, validation_images: 20, validation_choice: seeded, "
      "split_seed: 3, train_on: train, ";
  EXPECT_EQ(read(keys + "binarisation: threshold, threshold: 0.25"), expected);
  expected.binarisation = {.kind = BinarisationKind::kBernoulliPerEpoch, .seed = 8};
  EXPECT_EQ(read(keys + "binarisation: bernoulli_per_epoch, binarisation_seed: 8"), expected);
  expected.binarisation.kind = BinarisationKind::kBernoulliFixed;
  EXPECT_EQ(read(keys + "binarisation: bernoulli_fixed, binarisation_seed: 8"), expected);
}

TEST(DataConfig, DirectoryFollowsTheDataset) {
  EXPECT_EQ(read("dataset: mnist").directory, "data/mnist");
  EXPECT_EQ(read("dataset: fashion-mnist").directory, "/usr/share/datasets/fashion-mnist");
  EXPECT_EQ(read("dataset: cifar10").directory, "data/cifar-10-batches-bin");
  EXPECT_EQ(read("dataset: mnist, directory: elsewhere").directory, "elsewhere");
}

TEST(DataConfig, IdxNeedsADirectory) {
  EXPECT_EQ(error_of("dataset: idx"),
            "x.yaml:1:1: data.directory: missing: dataset idx needs the directory that holds "
            "train-images-idx3-ubyte "
            "and t10k-images-idx3-ubyte (or .gz)");
}

TEST(DataConfig, NpyAndPngNeedADirectory) {
  EXPECT_EQ(error_of("dataset: npy"),
            "x.yaml:1:1: data.directory: missing: dataset npy needs the directory that holds train.npy and "
            "test.npy");
  EXPECT_EQ(
      error_of("dataset: png"),
      "x.yaml:1:1: data.directory: missing: dataset png needs the directory that holds folders train and "
      "test of .png files");
}

TEST(DataConfig, ReadsWhatTheValuesAre) {
  const DataConfig npy = read("dataset: npy, directory: here, quantised: true");
  EXPECT_EQ(npy.dataset, DatasetKind::kNpy);
  EXPECT_TRUE(npy.quantised);
  EXPECT_FALSE(read("dataset: npy, directory: here").quantised);
  EXPECT_EQ(read("dataset: png, directory: here").dataset, DatasetKind::kPng);
  EXPECT_EQ(read("dataset: cifar10").dataset, DatasetKind::kCifar10);
  const DataConfig coloured = read("colour: true, colour_seed: 9");
  EXPECT_TRUE(coloured.colour);
  EXPECT_EQ(coloured.colour_seed, 9u);
  EXPECT_EQ(read("colour: true").colour_seed, 1u);
  EXPECT_TRUE(read("allow_test_in_train: true").allow_test_in_train);
}

TEST(DataConfig, ReadsHowFilesLie) {
  const DataConfig npy = read("dataset: npy, directory: here, layout: nhwc, scale: 255, shape: [32, 28]");
  EXPECT_EQ(npy.arrays, (ArrayConfig{.layout = ArrayLayout::kNhwc, .scale = 255, .shape = {32, 28}}));
  EXPECT_EQ(read("dataset: npy, directory: here").arrays, ArrayConfig{});
  EXPECT_EQ(read("dataset: npy, directory: here, shape: [3, 32, 28]").arrays.shape, (std::vector{3, 32, 28}));
  EXPECT_EQ(read("dataset: idx, directory: here, prefix: emnist-letters").prefix, "emnist-letters");
  EXPECT_FALSE(read("").labels);
  for (const std::string kind :
       {"mnist", "fashion-mnist", "cifar10", "idx, directory: d", "npy, directory: d", "png, directory: d"})
    EXPECT_TRUE(read("dataset: " + kind + ", labels: true").labels);

  const auto refuses = [](const std::string& keys, const std::string& text) {
    EXPECT_NE(error_of(keys).find(text), std::string::npos) << error_of(keys);
  };
  refuses("layout: nchw", "data.layout: has no effect while dataset is not npy");
  refuses("scale: 255", "data.scale: has no effect while dataset is not npy");
  refuses("shape: [1, 1]", "data.shape: has no effect while dataset is not npy");
  refuses("dataset: npy, directory: d, prefix: a", "data.prefix: has no effect while dataset is not idx");
  refuses("dataset: npy, directory: d, layout: hwc", "data.layout: ");
  refuses("dataset: npy, directory: d, scale: 65536", "data.scale: found 65536, ");
  refuses("dataset: npy, directory: d, shape: 784",
          "data.shape: found 1 number, accepted: [rows, columns], or three as data.layout puts them");
  refuses("dataset: npy, directory: d, shape: [1, 2, 3, 4]", "data.shape: found 4 numbers, ");
  refuses("dataset: npy, directory: d, shape: [0, 2]", "data.shape");
}

TEST(DataConfig, LevelsTakeThePlaceOfBinarisation) {
  EXPECT_EQ(read("", 256).levels, 256);
  EXPECT_EQ(read("dataset: npy, directory: here, quantised: true").binarisation.kind,
            BinarisationKind::kStored);
  const std::string head = "has no effect while model.head is softmax or logistic_mixture";
  EXPECT_EQ(error_of("binarisation: threshold", 256), "x.yaml:1:22: data.binarisation: " + head);
  EXPECT_EQ(error_of("threshold: 0.5", 2), "x.yaml:1:19: data.threshold: " + head);
  EXPECT_EQ(error_of("binarisation_seed: 1", 4), "x.yaml:1:27: data.binarisation_seed: " + head);
  EXPECT_NE(error_of("dataset: npy, directory: here, quantised: true, threshold: 0.5")
                .find("data.threshold: has no effect while quantised is true"),
            std::string::npos);
}

TEST(DataConfig, SplitsTakeANumberOrAFraction) {
  EXPECT_EQ(read("validation_images: 1").validation_images, 1);
  EXPECT_EQ(read("validation_images: 0.25").validation_images, 0.25);
  EXPECT_EQ(read("validation_images: 1e-3").validation_images, 0.001);
  const DataConfig config =
      read("dataset: png, directory: d, test_images: 0.1, validation_images: 20, split_seed: 4");
  EXPECT_EQ(config.test_images, 0.1);
  EXPECT_EQ(config.validation_images, 20);
  EXPECT_EQ(config.split_seed, 4u);
  for (const char* dataset : {"idx", "npy", "png"})
    EXPECT_EQ(read(std::string("directory: d, test_images: 7, dataset: ") + dataset).test_images, 7);
}

TEST(DataConfig, TrainingOnTestIsSpeltOut) {
  EXPECT_EQ(read("train_on: test").train_on, TrainOn::kTest);
  EXPECT_EQ(read("train_on: test, train_images: 10").train_images, 10);
}

TEST(DataConfig, RefusesUnknownNames) {
  EXPECT_NE(error_of("dataset: minst").find("x.yaml:1:17: data.dataset: "), std::string::npos);
  EXPECT_NE(error_of("train_on: all").find("data.train_on: "), std::string::npos);
  EXPECT_NE(error_of("validation_choice: first").find("data.validation_choice: "), std::string::npos);
  EXPECT_NE(error_of("binarisation: bernoulli").find("data.binarisation: "), std::string::npos);
  EXPECT_NE(error_of("treshold: 0.5").find("treshold"), std::string::npos);
}

TEST(DataConfig, RefusesValuesOutOfRange) {
  EXPECT_NE(error_of("train_images: 0").find("data.train_images: found 0, accepted: "), std::string::npos);
  EXPECT_NE(error_of("validation_images: 0").find("data.validation_images: found 0, "), std::string::npos);
  EXPECT_NE(error_of("validation_images: 3000000000").find("data.validation_images: found 3000000000, "),
            std::string::npos);
  for (const char* size : {"0", "1.0", "1.5", "-0.1", "0.0", "\"5\"", "half", "[1]"})
    EXPECT_NE(error_of(std::string("validation_images: ") + size)
                  .find(", accepted: an integer in [1, 2147483647], or a fraction in (0, 1)"),
              std::string::npos)
        << size;
  EXPECT_NE(error_of("threshold: 1.01").find("data.threshold: found 1.01, "), std::string::npos);
  EXPECT_NE(error_of("threshold: -0.1").find("data.threshold: found -0.1, "), std::string::npos);
  EXPECT_NE(error_of("binarisation: bernoulli_fixed, binarisation_seed: -1")
                .find("data.binarisation_seed: found -1"),
            std::string::npos);
  EXPECT_NE(error_of("validation_choice: seeded, split_seed: -1").find("data.split_seed: found -1"),
            std::string::npos);
}

TEST(DataConfig, RefusesKeysWithoutEffect) {
  EXPECT_EQ(error_of("train_on: test, validation_images: 100"),
            "x.yaml:1:43: data.validation_images: has no effect while train_on is test");
  EXPECT_EQ(error_of("train_on: test, validation_choice: last"),
            "x.yaml:1:43: data.validation_choice: has no effect while train_on is test");
  EXPECT_EQ(error_of("split_seed: 1, train_on: test"),
            "x.yaml:1:20: data.split_seed: has no effect while train_on is test");
  EXPECT_EQ(error_of("split_seed: 1"),
            "x.yaml:1:20: data.split_seed: has no effect while validation_choice is not seeded");
  EXPECT_EQ(
      error_of("test_images: 10"),
      "x.yaml:1:21: data.test_images: has no effect while dataset is a published one, which has a test file");
  EXPECT_EQ(error_of("dataset: png, directory: d, train_on: test, test_images: 10"),
            "x.yaml:1:65: data.test_images: has no effect while train_on is test");
  EXPECT_EQ(error_of("binarisation: bernoulli_fixed, threshold: 0.5"),
            "x.yaml:1:50: data.threshold: has no effect while binarisation is not threshold");
  EXPECT_NE(error_of("quantised: false").find("data.quantised: has no effect while dataset is not npy"),
            std::string::npos);
  EXPECT_NE(error_of("colour_seed: 1").find("data.colour_seed: has no effect while colour is not true"),
            std::string::npos);
  EXPECT_NE(error_of("dataset: npy, directory: x, quantised: true, colour: true")
                .find("data.colour: has no effect while quantised is true"),
            std::string::npos);
  EXPECT_NE(error_of("dataset: cifar10, colour: true")
                .find("data.colour: has no effect while dataset is cifar10, which has colours"),
            std::string::npos);
  EXPECT_NE(error_of("dataset: cifar10, allow_test_in_train: true")
                .find("data.allow_test_in_train: has no effect while dataset is cifar10, whose"),
            std::string::npos);
  EXPECT_NE(error_of("train_on: test, allow_test_in_train: true")
                .find("data.allow_test_in_train: has no effect while train_on is test"),
            std::string::npos);
  EXPECT_EQ(error_of("binarisation_seed: 1"),
            "x.yaml:1:27: data.binarisation_seed: has no effect while binarisation is threshold");
}

TEST(DataConfig, TakesMoreThan256LevelsFromStoredLevelsOnly) {
  EXPECT_NE(error_of("dataset: npy, directory: x", 1024).find("model.levels is 1024"), std::string::npos);
  EXPECT_EQ(read("dataset: npy, directory: x, quantised: true", 1024).levels, 1024);
  EXPECT_EQ(read("dataset: npy, directory: x, quantised: true", 65536).levels, 65536);
}

}  // namespace
}  // namespace pcnn

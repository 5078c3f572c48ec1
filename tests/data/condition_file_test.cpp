// What data.condition: true reads beside the images.

#include "engine/data/condition_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "engine/core/error.h"
#include "engine/data/colour.h"
#include "engine/data/dataset.h"
#include "engine/io/npy.h"
#include "tests/data/idx_files.h"

namespace pcnn {
namespace {

class ConditionFile : public ::testing::Test {
 protected:
  void SetUp() override {
    write("train", 6, 10);
    write("test", 3, 90);
  }
  // Images of 2x3 that are all different, and two numbers for each: its own first pixel and its negative.
  void write(const std::string& part, int count, int first) const {
    std::vector<std::uint8_t> pixels;
    std::vector<float> numbers;
    for (int image = 0; image < count; ++image) {
      numbers.insert(numbers.end(), {static_cast<float>(first + image), -static_cast<float>(first + image)});
      for (int pixel = 0; pixel < 6; ++pixel)
        pixels.push_back(static_cast<std::uint8_t>(pixel == 0 ? first + image : 200));
    }
    write_npy(file(part + ".npy"), {count, 2, 3}, pixels);
    write_npy(file(part + "_condition.npy"), {count, 2}, numbers);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return directory_ + "/" + name; }
  [[nodiscard]] DataConfig config() const {
    DataConfig config;
    config.dataset = DatasetKind::kNpy;
    config.directory = directory_;
    config.condition = true;
    config.validation_images = 2;
    return config;
  }
  [[nodiscard]] std::string refusal() const {
    try {
      (void)load_dataset(config());
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }
  std::string directory_ = scratch_directory();
};

void expect_own_numbers(const ImageSet& images) {
  EXPECT_EQ(images.condition_shape, std::vector<int>{2});
  ASSERT_EQ(images.conditions.size(), 2u * static_cast<std::size_t>(images.count));
  for (int i = 0; i < images.count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(images.conditions[2 * at], static_cast<float>(images.image(i)[0]));
    EXPECT_EQ(images.conditions[2 * at + 1], -static_cast<float>(images.image(i)[0]));
  }
}

TEST_F(ConditionFile, GoesWithItsImagesIntoEverySplit) {
  for (const ValidationChoice choice : {ValidationChoice::kLast, ValidationChoice::kSeeded}) {
    DataConfig seeded = config();
    seeded.validation_choice = choice;
    seeded.train_images = 3;
    const Dataset data = load_dataset(seeded);
    EXPECT_EQ(data.train.count, 3);
    for (const ImageSet* images : {&data.train, &data.validation, &data.test}) expect_own_numbers(*images);
  }
  std::filesystem::remove(file("test.npy"));  // test images are then drawn from the train file
  const Dataset drawn = load_dataset(config());
  for (const ImageSet* images : {&drawn.train, &drawn.validation, &drawn.test}) expect_own_numbers(*images);
}

TEST_F(ConditionFile, StaysWithImagesThatAreColoured) {
  const ImageSet grey = load_dataset(config()).test;
  const ImageSet images = coloured(grey, 1);
  EXPECT_EQ(images.conditions, grey.conditions);
  EXPECT_EQ(images.condition_shape, grey.condition_shape);
}

TEST_F(ConditionFile, IsPartOfTheFingerprintWhereItIsTrainedOn) {
  const ImageSet images = load_dataset(config()).train;
  ImageSet others = images;
  others.conditions[1] += 1.0f;
  EXPECT_EQ(fingerprint(images), fingerprint(others));
  EXPECT_NE(fingerprint(images, Beside::kCondition), fingerprint(others, Beside::kCondition));
}

TEST_F(ConditionFile, HoldsMapsOfTheImagesSizeToo) {
  write_npy(file("train_condition.npy"), {6, 2, 3}, std::vector<float>(36, 0.5f));
  write_npy(file("test_condition.npy"), {3, 4, 2, 3}, std::vector<std::uint8_t>(72, 1));
  const Dataset data = load_dataset(config());
  EXPECT_EQ(data.train.condition_shape, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(data.test.condition_shape, (std::vector<int>{4, 2, 3}));
  EXPECT_EQ(data.test.conditions.size(), 72u);
}

TEST_F(ConditionFile, IsRefusedInOneLineWhereItDoesNotFit) {
  const std::string path = file("test_condition.npy");
  const auto with = [&](const std::vector<std::int64_t>& shape, const std::vector<float>& values) {
    write_npy(path, shape, values);
    return refusal();
  };
  EXPECT_EQ(with({4, 2}, std::vector<float>(8)),
            path + ": byte 8: found shape (4, 2), accepted: 3 rows, one for each image");
  const std::string limits =
      ", accepted: (n, numbers), or for maps of the images' size (n, rows, columns) or (n, maps, rows, "
      "columns); 1 row or more, 1 to 65,536 numbers, 1 to 16,384 maps, rows and columns";
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{3}, {3, 0}, {0, 2}, {3, 65537}, {3, 1, 16385}, {1, 1, 1, 1, 1}}) {
    std::size_t values = 1;
    for (const std::int64_t extent : shape) values *= static_cast<std::size_t>(extent);
    EXPECT_EQ(with(shape, std::vector<float>(values)),
              path + ": byte 8: found shape " + npy_tuple_shown(shape) + limits);
  }
  EXPECT_EQ(with({3, 3, 2}, std::vector<float>(18)),
            path + ": byte 8: found shape (3, 3, 2), accepted: maps of 2x3, as the images are");
  EXPECT_EQ(with({3, 2}, {0, 0, 0, 0, 0, std::numeric_limits<float>::quiet_NaN()}),
            path + ": value nan in row 2, accepted: finite numbers");
  std::filesystem::remove(path);
  EXPECT_EQ(refusal(), path + ": not found, but data.condition: true needs it");
}

TEST_F(ConditionFile, IsWhatTheNetworkIsTold) {
  const auto message = [](const ImageSet& images, std::vector<int> shape) -> std::string {
    try {
      require_condition(images, shape);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "nothing was refused";
  };
  ImageSet images = load_dataset(config()).train;
  EXPECT_EQ(message(images, {2}), "nothing was refused");
  EXPECT_EQ(message(images, {3}),
            "model.condition.vector: found 3, but the condition of a train image is 2 numbers; accepted: 2");
  images.condition_shape = {1, 1, 2};
  EXPECT_EQ(
      message(images, {2}),
      "model.condition.vector: found 2, but the condition of a train image is maps (1, 1, 2); accepted: "
      "a file of 2 numbers");
  EXPECT_EQ(message(images, {2, 1, 2}),
            "model.condition.map.channels: found 2, but the condition of a train image is maps (1, 1, 2); "
            "accepted: 1");
  images.conditions.clear();
  EXPECT_EQ(message(images, {2}),
            "model.condition.vector: found 2, but nothing is known of the train images; data.condition: true "
            "reads it");
}

}  // namespace
}  // namespace pcnn

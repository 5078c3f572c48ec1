#include "engine/data/labels.h"

#include <gtest/gtest.h>

#include "tests/data/made_up_data.h"

namespace pcnn {
namespace {

Bytes label_file(const std::vector<int>& labels) {
  Bytes bytes = {0, 0, 8, 1};
  append_uint32(bytes, static_cast<std::uint32_t>(labels.size()));
  for (const int label : labels) bytes.push_back(static_cast<std::uint8_t>(label));
  return bytes;
}

// Of image i of the made-up train and test files.
int train_label(std::uint32_t image) {
  return static_cast<int>(image * 7 % 10);
}
int test_label(std::uint32_t image) {
  return static_cast<int>(image * 3 % 4);
}

DataConfig with_labels() {
  DataConfig config = made_up();
  config.labels = true;
  std::vector<int> train, test;
  for (std::uint32_t i = 0; i < kTrainFileImages; ++i) train.push_back(train_label(i));
  for (std::uint32_t i = 0; i < kTestFileImages; ++i) test.push_back(test_label(i));
  write_bytes(config.directory + "/train-labels-idx1-ubyte", label_file(train));
  write_bytes(config.directory + "/t10k-labels-idx1-ubyte", label_file(test));
  return config;
}

TEST(Labels, FollowTheirImagesIntoEverySplit) {
  DataConfig config = with_labels();
  for (const ValidationChoice choice : {ValidationChoice::kLast, ValidationChoice::kSeeded})
    for (const TrainOn train_on : {TrainOn::kTrain, TrainOn::kTest})
      for (const bool colour : {false, true}) {
        config.validation_choice = choice;
        config.train_on = train_on;
        config.colour = colour;
        const Dataset data = load_dataset(config);
        for (const ImageSet* images : {&data.train, &data.validation, &data.test}) {
          ASSERT_EQ(images->labels.size(), static_cast<std::size_t>(images->count));
          for (std::size_t i = 0; i < images->labels.size(); ++i) {
            const std::uint32_t id = images->ids[i];
            EXPECT_EQ(images->labels[i],
                      (id & ImageSet::kTestId) != 0 ? test_label(id & ~ImageSet::kTestId) : train_label(id));
          }
        }
      }
}

TEST(Labels, ThatAreMissingOrOfAnotherNumberAreRefused) {
  const DataConfig config = with_labels();
  const std::string train = config.directory + "/train-labels-idx1-ubyte";
  write_bytes(train, label_file(std::vector<int>(49, 1)));
  EXPECT_EQ(message_of<Error>([&] { (void)load_dataset(config); }),
            train + ": byte 4: found 49 labels, accepted: 50, one for each image");
  std::filesystem::remove(train);
  EXPECT_EQ(message_of<Error>([&] { (void)load_dataset(config); }),
            train + ": not found, but data.labels: true needs it");
}

TEST(Labels, RequireClassesRefusesImagesOfNoneOrOfOthers) {
  ImageSet images{.name = "validation", .count = 4};
  EXPECT_EQ(message_of<ConfigError>([&] { require_classes(images, 10); }),
            "model.condition.classes: found 10, but the validation images have no classes; data.labels: true "
            "reads them");
  images.labels = {0, 3, 7, 5};
  EXPECT_NO_THROW(require_classes(images, 8));
  EXPECT_EQ(message_of<ConfigError>([&] { require_classes(images, 5); }),
            "model.condition.classes: found 5, but validation image 2 is of class 7 (with 2 images of such a "
            "class); accepted: at least 8");
  images.files = {"a/1.png", "b/1.png", "c/1.png", "d/1.png"};
  EXPECT_EQ(message_of<ConfigError>([&] { require_classes(images, 7); }),
            "model.condition.classes: found 7, but c/1.png is of class 7 (with 1 image of such a class); "
            "accepted: at least 8");
}

TEST(Labels, SayWhichClassesNoImageIsOf) {
  ImageSet images{.name = "train", .count = 3};
  images.labels = {0, 1, 2};
  EXPECT_EQ(note_on_classes_without(images, 3), "");
  EXPECT_EQ(note_on_classes_without(images, 4),
            "no train image is of class 3: the network does not learn what it looks like");
  EXPECT_EQ(note_on_classes_without(images, 20),
            "no train image is of class 3, 4, 5, 6, 7 ...: the network does not learn what they look like");
}

TEST(Labels, AreInTheFingerprintOfImagesThatAreTrainedOnWithThem) {
  ImageSet images = random_images({3, 1, 2, 2}, 256, 1), others = images;
  images.labels = {0, 1, 2};
  others.labels = {0, 1, 1};
  EXPECT_EQ(fingerprint(images), fingerprint(others));
  EXPECT_NE(fingerprint(images, Beside::kLabels), fingerprint(others, Beside::kLabels));
  EXPECT_NE(fingerprint(images, Beside::kLabels), fingerprint(images));
}

}  // namespace
}  // namespace pcnn

#include "engine/data/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/data/idx.h"
#include "tests/data/made_up_data.h"

namespace pcnn {
namespace {

// Each image must still be the one its id names in its file.
void expect_pixels_follow_ids(const ImageSet& images, const Bytes& file) {
  for (int i = 0; i < images.count; ++i) {
    const std::size_t position = images.ids[static_cast<std::size_t>(i)] & ~ImageSet::kTestId;
    const auto expected = std::span(file).subspan(16 + position * images.image_size(), images.image_size());
    EXPECT_TRUE(std::ranges::equal(images.image(i), expected)) << images.name << " " << i;
  }
}

TEST(Dataset, HoldsOutTheLastTrainImages) {
  const Dataset data = load_dataset(made_up());
  EXPECT_EQ(size_of(data.train), "40x1x3x4");
  EXPECT_EQ(size_of(data.validation), "10x1x3x4");
  EXPECT_EQ(size_of(data.test), "12x1x3x4");
  EXPECT_EQ(data.train.ids, range(0, 40));
  EXPECT_EQ(data.validation.ids, range(40, 10));
  EXPECT_EQ(data.test.ids, range(ImageSet::kTestId, 12));
  EXPECT_EQ(data.train.name, "train");
  EXPECT_EQ(data.validation.name, "validation");
  EXPECT_EQ(data.test.name, "test");
  EXPECT_EQ(data.note, "");
  expect_pixels_follow_ids(data.train, idx_file(kTrainFileImages, 3, 4, 1));
  expect_pixels_follow_ids(data.test, idx_file(kTestFileImages, 3, 4, 2));
}

TEST(Dataset, SeededSplitIsDisjointCompleteAndInFileOrder) {
  DataConfig config = made_up();
  config.validation_choice = ValidationChoice::kSeeded;
  std::set<std::vector<std::uint32_t>> choices;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    config.split_seed = seed;
    const Dataset data = load_dataset(config);
    EXPECT_EQ(data.train.count, 40);
    EXPECT_EQ(data.validation.count, 10);
    EXPECT_TRUE(std::ranges::is_sorted(data.train.ids));
    EXPECT_TRUE(std::ranges::is_sorted(data.validation.ids));
    std::vector<std::uint32_t> all = data.train.ids;
    all.insert(all.end(), data.validation.ids.begin(), data.validation.ids.end());
    std::ranges::sort(all);
    EXPECT_EQ(all, range(0, kTrainFileImages));
    expect_pixels_follow_ids(data.train, idx_file(kTrainFileImages, 3, 4, 1));
    expect_pixels_follow_ids(data.validation, idx_file(kTrainFileImages, 3, 4, 1));
    choices.insert(data.validation.ids);
    EXPECT_EQ(load_dataset(config).validation.ids, data.validation.ids);
  }
  EXPECT_EQ(choices.size(), 20u);
}

// So a quick try sees the same validation images, and the same random numbers for each image.
TEST(Dataset, LimitKeepsTheFirstTrainImagesAndTheSplit) {
  DataConfig config = made_up();
  config.train_images = 7;
  const Dataset data = load_dataset(config);
  EXPECT_EQ(data.train.ids, range(0, 7));
  EXPECT_EQ(data.validation.ids, range(40, 10));
  EXPECT_EQ(data.test.count, 12);
}

TEST(Dataset, TrainingOnTestUsesNothingElseAndSaysSo) {
  DataConfig config = made_up();
  std::filesystem::remove(config.directory + "/train-images-idx3-ubyte");
  config.train_on = TrainOn::kTest;
  const Dataset data = load_dataset(config);
  EXPECT_EQ(data.train.ids, data.test.ids);
  EXPECT_EQ(data.validation.ids, data.test.ids);
  EXPECT_EQ(data.train.pixels, data.test.pixels);
  EXPECT_NE(data.note.find("trained and validated on the test split"), std::string::npos);

  config.train_images = 5;
  const Dataset limited = load_dataset(config);
  EXPECT_EQ(limited.train.count, 5);
  EXPECT_EQ(limited.validation.count, 12);
}

TEST(Dataset, RefusesMoreImagesThanThereAre) {
  DataConfig config = made_up();
  config.validation_images = 50;
  EXPECT_EQ(message_of<ConfigError>([&] { (void)load_dataset(config); }),
            "data.validation_images: found 50, accepted: less than the 50 images of the train file");
  config.validation_images = 49;
  EXPECT_EQ(load_dataset(config).train.count, 1);
  config.train_images = 2;
  EXPECT_EQ(message_of<ConfigError>([&] { (void)load_dataset(config); }),
            "data.train_images: found 2, accepted: at most 1, the images there are to train on");
  config.train_on = TrainOn::kTest;
  config.train_images = 13;
  EXPECT_EQ(message_of<ConfigError>([&] { (void)load_dataset(config); }),
            "data.train_images: found 13, accepted: at most 12, the images there are to train on");
}

TEST(Dataset, ADefaultIsCalledOne) {
  const DataConfig config = made_up();
  write_bytes(config.directory + "/train-images-idx3-ubyte", idx_file(1, 3, 4, 1));
  DataConfig defaults = config;
  defaults.validation_images = std::nullopt;
  EXPECT_EQ(
      message_of<ConfigError>([&] { (void)load_dataset(defaults); }),
      "data.validation_images: the default, a tenth of the images but 1 to 5,000, is 1 here, accepted: less "
      "than the 1 image of the train file");
}

TEST(Dataset, TestImagesOfTheirOwnAreNotTakenFromTheTrainFile) {
  DataConfig config = made_up();
  config.test_images = 0.1;
  EXPECT_EQ(message_of<ConfigError>([&] { (void)load_dataset(config); }),
            "data.test_images: found 0.1, accepted: null, since " + config.directory +
                " has test images of its own");
}

TEST(Dataset, MissingFilesSayWhatFetchesThem) {
  const std::string directory = scratch_directory();
  const auto error = [&](DatasetKind dataset) {
    return message_of<FileError>([&] { (void)load_dataset(config_of(dataset, directory)); });
  };
  const std::string start = directory + "/t10k-images-idx3-ubyte: not found, nor with .gz: ";
  for (const auto& [dataset, name] :
       {std::pair(DatasetKind::kMnist, "mnist"), std::pair(DatasetKind::kFashionMnist, "fashion-mnist")})
    EXPECT_EQ(error(dataset),
              start + "run scripts/fetch_data.sh " + name + " " + directory + ", or set data.directory");
  EXPECT_EQ(error(DatasetKind::kIdx), start +
                                          "data.directory must hold train-images-idx3-ubyte and "
                                          "t10k-images-idx3-ubyte, by these or other usual names "
                                          "(or the first alone: test images are then taken out of it)");
}

// IDX and npy as folders of pictures: test images are drawn from what there is.
TEST(Dataset, TakesTestImagesOutOfOneFile) {
  DataConfig idx = made_up();
  std::filesystem::remove(idx.directory + "/t10k-images-idx3-ubyte.gz");
  DataConfig npy = config_of(DatasetKind::kNpy, idx.directory);
  const ImageSet all = read_idx_images(idx.directory + "/train-images-idx3-ubyte");
  write_npy(idx.directory + "/train.npy", {all.count, all.height, all.width}, all.pixels);
  write_npy(idx.directory + "/train_labels.npy", {all.count}, [&] {
    std::vector<std::uint16_t> labels(static_cast<std::size_t>(all.count));
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = all.pixels[i * all.image_size()];
    return labels;
  }());
  npy.labels = true;
  npy.levels = 256;
  for (DataConfig config : {idx, npy}) {
    config.test_images = 7;
    config.validation_images = 4;
    const Dataset data = load_dataset(config);
    EXPECT_EQ(data.test.count, 7);
    EXPECT_EQ(data.validation.count, 4);
    EXPECT_EQ(data.train.count, static_cast<int>(kTrainFileImages) - 11);
    EXPECT_EQ(dataset_shape(config), (Shape{1, 1, 3, 4}));
    for (const ImageSet* images : {&data.train, &data.validation, &data.test})
      for (std::size_t i = 0; i < images->labels.size(); ++i)
        EXPECT_EQ(images->labels[i], images->image(static_cast<int>(i))[0]) << "labels go with their images";
    EXPECT_EQ(data.train.labels.empty(), config.dataset == DatasetKind::kIdx);
    config.train_on = TrainOn::kTest;
    config.test_images = std::nullopt;
    EXPECT_NE(
        message_of<ConfigError>([&] { (void)load_dataset(config); }).find("has no test images of its own"),
        std::string::npos);
  }
  std::filesystem::remove(idx.directory + "/train.npy");
  EXPECT_EQ(message_of<FileError>([&] { (void)load_dataset(npy); }),
            idx.directory +
                "/test.npy: not found: data.directory must hold train.npy and test.npy (or train.npy alone: "
                "test images are then taken out of it)");
}

TEST(Dataset, NotesThatEmnistIsTransposed) {
  DataConfig config = made_up();
  for (const char* name : {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"})
    std::filesystem::rename(config.directory + "/" + name, config.directory + "/emnist-digits-" + name);
  EXPECT_EQ(load_dataset(config).note,
            "EMNIST stores its images with rows and columns exchanged; they are taken as stored");
}

TEST(Dataset, TrainAndTestImagesHaveOneSize) {
  const DataConfig config = made_up();
  write_bytes(config.directory + "/train-images-idx3-ubyte", idx_file(kTrainFileImages, 4, 3));
  EXPECT_EQ(message_of<FormatError>([&] { (void)load_dataset(config); }),
            config.directory +
                "/t10k-images-idx3-ubyte.gz: byte 8: found images of 3x4, but those of "
                "train-images-idx3-ubyte are 4x3");
}

TEST(Dataset, ANamedDatasetHasItsOwnSize) {
  DataConfig config = made_up();
  config.dataset = DatasetKind::kMnist;
  EXPECT_EQ(message_of<FormatError>([&] { (void)load_dataset(config); }),
            config.directory +
                "/t10k-images-idx3-ubyte.gz: byte 8: found images of 3x4, MNIST has 28x28 "
                "(data.dataset: idx takes any size)");
}

TEST(Dataset, ShapeOfANamedDatasetNeedsNoFile) {
  EXPECT_EQ(dataset_shape(config_of(DatasetKind::kMnist, "nowhere")), (Shape{1, 1, 28, 28}));
  EXPECT_EQ(dataset_shape(config_of(DatasetKind::kFashionMnist, "nowhere")), (Shape{1, 1, 28, 28}));
  EXPECT_EQ(dataset_shape(made_up()), (Shape{1, 1, 3, 4}));
}

TEST(Dataset, SplitsImagesOfSeveralChannels) {
  const ImageSet train = random_images({25, 3, 4, 5}, 256, 1), test = random_images({8, 3, 4, 5}, 256, 2);
  const Dataset data = load_dataset(npy_of(train, test));
  EXPECT_EQ(size_of(data.train), "15x3x4x5");
  EXPECT_EQ(size_of(data.validation), "10x3x4x5");
  EXPECT_EQ(data.test.pixels, test.pixels);
  EXPECT_EQ(data.test.ids, range(ImageSet::kTestId, 8));
  EXPECT_TRUE(std::ranges::equal(data.validation.image(3), train.image(18)));
}

TEST(Dataset, TrainAndTestImagesHaveTheSameChannels) {
  const DataConfig config = npy_of(random_images({25, 1, 4, 5}, 256, 1), random_images({8, 3, 4, 5}, 256, 2));
  EXPECT_EQ(message_of<FormatError>([&] { (void)load_dataset(config); }),
            config.directory +
                "/test.npy: byte 8: found images of 3 channels of 4x5, but those of train.npy are 4x5");
}

TEST(Dataset, LevelsAreTakenAsStored) {
  DataConfig config = npy_of(random_images({25, 1, 4, 5}, 16, 1), random_images({8, 1, 4, 5}, 16, 2));
  config.quantised = true;
  config.levels = 16;
  const Dataset data = load_dataset(config);
  for (const ImageSet* images : {&data.train, &data.validation, &data.test}) EXPECT_EQ(images->values, 16);
  config.levels = 15;
  EXPECT_NE(message_of<ConfigError>([&] { (void)load_dataset(config); }).find("accepted: 0 to 14"),
            std::string::npos);
}

}  // namespace
}  // namespace pcnn

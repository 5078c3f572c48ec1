#include "engine/data/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/colour.h"
#include "engine/data/idx.h"
#include "engine/data/split.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "tests/data/idx_files.h"
#include "tests/data/random_images.h"

namespace pcnn {
namespace {

DataConfig config_of(DatasetKind dataset, const std::string& directory) {
  DataConfig config;
  config.dataset = dataset;
  config.directory = directory;
  return config;
}

// "12x1x3x4".
std::string size_of(const ImageSet& images) {
  return Shape{images.count, images.channels, images.height, images.width}.text();
}

std::string description(const DataConfig& config, int count, std::string_view split) {
  ImageSet images;
  images.count = count;
  return describe_split(config, images, split);
}

constexpr std::uint32_t kTrainFileImages = 50, kTestFileImages = 12;

// A directory with 50 train and 12 test images of 3x4, and a config which holds out 10 of the first.
DataConfig made_up() {
  const std::string directory = scratch_directory();
  write_bytes(directory + "/train-images-idx3-ubyte", idx_file(kTrainFileImages, 3, 4, 1));
  write_bytes(directory + "/t10k-images-idx3-ubyte.gz", gzip(idx_file(kTestFileImages, 3, 4, 2)));
  DataConfig config = config_of(DatasetKind::kIdx, directory);
  config.validation_images = 10;
  return config;
}

std::vector<std::uint32_t> range(std::uint32_t first, std::uint32_t count) {
  std::vector<std::uint32_t> ids(count);
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

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

// A train file and a test file of these images.
DataConfig npy_of(const ImageSet& train, const ImageSet& test) {
  const std::string directory = scratch_directory();
  for (const auto& [name, images] : {std::pair("/train.npy", &train), {"/test.npy", &test}})
    write_npy(directory + name, {images->count, images->channels, images->height, images->width},
              std::vector<std::uint8_t>(images->pixels.begin(), images->pixels.end()));
  DataConfig config = config_of(DatasetKind::kNpy, directory);
  config.validation_images = 10;
  return config;
}

// Image `to` of dst becomes image `from` of src.
void copy_image(const ImageSet& src, int from, ImageSet& dst, int to) {
  std::ranges::copy(src.image(from), dst.pixels.begin() + to * static_cast<std::ptrdiff_t>(dst.image_size()));
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

TEST(Dataset, ColoursFollowTheImageNotTheSplit) {
  DataConfig config = made_up();
  const Dataset grey = load_dataset(config);
  config.colour = true;
  config.colour_seed = 5;
  const Dataset plain = load_dataset(config);
  EXPECT_EQ(size_of(plain.train), "40x3x3x4");
  EXPECT_EQ(size_of(plain.validation), "10x3x3x4");
  EXPECT_EQ(plain.test.pixels, coloured(grey.test, 5).pixels);
  EXPECT_EQ(dataset_shape(config), (Shape{1, 3, 3, 4}));

  config.validation_choice = ValidationChoice::kSeeded;
  const Dataset seeded = load_dataset(config);
  EXPECT_EQ(seeded.test.pixels, plain.test.pixels);
  int met = 0;
  for (int i = 0; i < seeded.validation.count; ++i) {
    const std::uint32_t id = seeded.validation.ids[static_cast<std::size_t>(i)];
    if (id >= 40) continue;  // in the train split of the other
    EXPECT_TRUE(std::ranges::equal(seeded.validation.image(i), plain.train.image(static_cast<int>(id))));
    ++met;
  }
  EXPECT_GT(met, 0);

  config.train_on = TrainOn::kTest;
  EXPECT_EQ(load_dataset(config).validation.pixels, plain.test.pixels);
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

TEST(Dataset, ColoursGreyImagesOnly) {
  DataConfig config = npy_of(random_images({25, 3, 4, 5}, 256, 1), random_images({8, 3, 4, 5}, 256, 2));
  config.colour = true;
  const std::string expected =
      "data.colour: found true for images of 3 channels, accepted: false, or images of one channel";
  EXPECT_EQ(message_of<ConfigError>([&] { (void)load_dataset(config); }), expected);
  EXPECT_EQ(message_of<ConfigError>([&] { (void)dataset_shape(config); }), expected);
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

// Writes images `first` to before `end` as numbered files of a folder.
void write_pngs(const std::string& folder, const ImageSet& images, int first, int end) {
  std::filesystem::create_directories(folder);
  for (int i = first; i < end; ++i)
    write_png(folder + "/" + std::to_string(i) + ".png",
              {.width = images.width,
               .height = images.height,
               .channels = 1,
               .pixels = {images.image(i).begin(), images.image(i).end()}});
}

std::vector<std::uint32_t> positions(const ImageSet& images) {
  std::vector<std::uint32_t> all = images.ids;
  for (std::uint32_t& id : all) id &= ~ImageSet::kTestId;
  return all;
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

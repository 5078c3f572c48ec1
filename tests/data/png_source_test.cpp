#include "engine/data/png_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "engine/io/png.h"
#include "tests/data/idx_files.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

Image8 picture(int height, int width, int channels, std::uint64_t seed) {
  Image8 image{.width = width, .height = height, .channels = channels, .pixels = {}};
  testing::Random random(seed);
  for (int i = 0; i < height * width * channels; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(random.between(0, 255)));
  return image;
}

// A scratch directory with empty folders train and test.
std::string folders() {
  const std::string directory = scratch_directory();
  fs::create_directories(directory + "/train");
  fs::create_directories(directory + "/test");
  return directory;
}

std::string error_of(const std::string& directory, Part part = Part::kTrain) {
  return message_of<Error>([&] { (void)PngSource(directory).read(part); });
}

TEST(PngSource, NeedsClassFoldersWhereLabelsAreAskedFor) {
  const std::string directory = folders();
  write_png(directory + "/train/1.png", picture(3, 4, 1, 1));
  EXPECT_EQ(message_of<FileError>([&] { (void)PngSource(directory, true).read(Part::kTrain); }),
            directory + "/train: holds no folders of classes, but data.labels: true needs them");
  std::filesystem::create_directory(directory + "/test/cats");
  write_png(directory + "/test/cats/1.png", picture(3, 4, 1, 2));
  EXPECT_EQ(PngSource(directory, true).read(Part::kTest).labels, (std::vector{0}));
}

TEST(PngSource, ReadsPlanesInTheOrderOfNames) {
  const std::string directory = folders();
  const Image8 first = picture(3, 4, 3, 1), second = picture(3, 4, 3, 2), third = picture(3, 4, 3, 3);
  write_png(directory + "/train/2.PNG", second);
  write_png(directory + "/train/1.png", first);
  write_png(directory + "/train/10.Png", third);
  const ImageSet images = PngSource(directory).read(Part::kTrain);
  EXPECT_EQ((Shape{images.count, images.channels, images.height, images.width}), (Shape{3, 3, 3, 4}));
  EXPECT_EQ(images.values, 256);
  EXPECT_EQ(images.ids, ids_in_order(3));
  EXPECT_EQ(images.files, (Names{"train/1.png", "train/2.PNG", "train/10.Png"}));
  EXPECT_TRUE(images.labels.empty());
  EXPECT_EQ(images.passed_over, "");
  const Image8* expected[] = {&first, &second, &third};
  for (int image = 0; image < 3; ++image)
    for (int channel = 0; channel < 3; ++channel)
      for (int pixel = 0; pixel < 12; ++pixel)
        EXPECT_EQ(images.image(image)[static_cast<std::size_t>(channel * 12 + pixel)],
                  expected[image]->pixels[static_cast<std::size_t>(pixel * 3 + channel)]);
}

TEST(PngSource, PassesOverClutterInSilenceAndCountsTheRest) {
  const std::string directory = folders(), train = directory + "/train";
  write_png(train + "/1.png", picture(2, 2, 1, 1));
  for (const char* clutter : {"._1.png", ".DS_Store", "Thumbs.db", "desktop.ini"})
    std::ofstream(train + "/" + clutter) << "no picture";
  fs::create_directories(train + "/__MACOSX");
  std::ofstream(train + "/__MACOSX/1.png") << "no picture";
  EXPECT_EQ(PngSource(directory).read(Part::kTrain).passed_over, "");
  for (const char* other : {"a.jpg", "b.JPG", "c.jpg", "notes.txt", "png"})
    std::ofstream(train + "/" + other) << "x";
  fs::create_directories(train + "/folder.png");
  std::ofstream(directory + "/labels.csv") << "x";
  fs::create_directories(directory + "/validation");
  const ImageSet images = PngSource(directory).read(Part::kTrain);
  EXPECT_EQ(images.count, 1);
  EXPECT_EQ(images.passed_over,
            train +
                ": passed over: 3 .jpg, 1 without an ending, 1 .txt, 1 folder without .png files "
                "(scripts/images_to_npy.py makes data of a folder of any pictures); " +
                directory + ": passed over: 1 .csv, folder validation");
}

TEST(PngSource, TakesClassesFromFolders) {
  const std::string directory = folders();
  const auto add = [&](const std::string& file) {
    const fs::path path = directory + "/" + file;
    fs::create_directories(path.parent_path());
    write_png(path.string(), picture(2, 2, 1, std::hash<std::string>{}(file)));
  };
  for (const char* file :
       {"train/dog/1.png", "train/cat/10.png", "train/cat/9.png", "train/class 10/x.png",
        "train/class 2/y.png", "train/cat/more/deep/0.png", "test/dog/1.png", "test/emu/1.png"})
    add(file);
  const ImageSet train = PngSource(directory).read(Part::kTrain),
                 test = PngSource(directory).read(Part::kTest);
  EXPECT_EQ(train.files, (Names{"train/cat/9.png", "train/cat/10.png", "train/cat/more/deep/0.png",
                                "train/class 2/y.png", "train/class 10/x.png", "train/dog/1.png"}));
  const Names classes{"cat", "class 2", "class 10", "dog", "emu"};
  EXPECT_EQ(train.label_names, classes);
  EXPECT_EQ(train.labels, (std::vector{0, 0, 0, 1, 2, 3}));
  EXPECT_EQ(test.label_names, classes);
  EXPECT_EQ(test.labels, (std::vector{3, 4}));
}

TEST(PngSource, RefusesFilesBesideClasses) {
  const std::string directory = folders(), train = directory + "/train";
  for (const char* name : {"a", "b", "c", "d"}) {
    fs::create_directories(train + "/" + name);
    write_png(train + "/" + name + "/1.png", picture(2, 2, 1, 1));
  }
  write_png(train + "/loose.png", picture(2, 2, 1, 1));
  EXPECT_EQ(error_of(directory),
            train +
                ": holds 1 .png file beside 4 folders of them (a, b, c ...), accepted: files "
                "alone, or a folder for each class");
}

TEST(PngSource, OneFolderHasNoTestPart) {
  EXPECT_TRUE(PngSource(folders()).has_test());
  EXPECT_TRUE(PngSource("nowhere").has_test()) << "or the missing directory would not be named";
  const std::string directory = scratch_directory();
  write_png(directory + "/2.png", picture(5, 2, 1, 1));
  EXPECT_FALSE(PngSource(directory).has_test());
  EXPECT_EQ(PngSource(directory).read(Part::kTrain).files, (Names{"2.png"}));
  EXPECT_EQ(PngSource(directory).shape(), (Shape{1, 1, 5, 2}));
  fs::create_directory(directory + "/train");
  write_png(directory + "/train/1.png", picture(3, 2, 1, 1));
  EXPECT_FALSE(PngSource(directory).has_test());
  const ImageSet images = PngSource(directory).read(Part::kTrain);
  EXPECT_EQ(images.files, (Names{"train/1.png"}));
  EXPECT_EQ(images.passed_over, directory + ": passed over: 1 .png");
  EXPECT_EQ(PngSource(directory).shape(), (Shape{1, 1, 3, 2}));
}

TEST(PngSource, GreyStoredAsRgbStaysRgb) {
  const std::string directory = folders();
  write_png(directory + "/test/0.png", {.width = 1, .height = 1, .channels = 3, .pixels = {7, 7, 7}});
  EXPECT_EQ(PngSource(directory).read(Part::kTest).channels, 3);
  EXPECT_EQ(PngSource(directory).shape(), (Shape{1, 3, 1, 1}));
}

TEST(PngSource, ShapeIsThatOfTheFirstTestImage) {
  const std::string directory = folders();
  write_png(directory + "/test/0.png", picture(5, 2, 1, 1));
  EXPECT_EQ(PngSource(directory).shape(), (Shape{1, 1, 5, 2}));
}

TEST(PngSource, NamesTheOddOneOut) {
  const std::string directory = folders();
  for (const char* name : {"0001", "0002", "0003"})
    write_png(directory + "/train/" + name + ".png", picture(32, 32, 3, 1));
  const std::string odd = directory + "/train/0007.png";
  const auto error = [&](int height, int width, int channels) {
    write_png(odd, picture(height, width, channels, 2));
    return error_of(directory);
  };
  const std::string rest =
      ", but the first, 0001.png, is 32x32 RGB (scripts/images_to_npy.py makes data of pictures of many "
      "sizes and "
      "kinds)";
  EXPECT_EQ(error(32, 31, 3), odd + ": 32x31 RGB" + rest);
  EXPECT_EQ(error(31, 32, 3), odd + ": 31x32 RGB" + rest);
  EXPECT_EQ(error(32, 32, 1), odd + ": 32x32 grey" + rest);
  EXPECT_EQ(error(32, 32, 3), "no error");
}

TEST(PngSource, NamesAFileThatIsNoPng) {
  const std::string directory = folders(), path = directory + "/train/x.png";
  std::ofstream(path) << "no picture";
  EXPECT_EQ(error_of(directory), path + ": byte 0: found no PNG file, accepted: a PNG");
}

TEST(PngSource, PassesOverEmptyFilesAndCountsThem) {
  const std::string directory = folders(), train = directory + "/train";
  for (const char* name : {"1.png", "3.PNG"}) std::ofstream(train + "/" + name).flush();
  EXPECT_TRUE(error_of(directory).starts_with(train + ": holds no .png file, but 2 empty .png: "));
  write_png(train + "/2.png", picture(2, 2, 1, 1));
  const ImageSet images = PngSource(directory).read(Part::kTrain);
  EXPECT_EQ(images.files, (Names{"train/2.png"}));
  EXPECT_EQ(images.passed_over, train + ": passed over: 2 empty .png");
}

TEST(PngSource, RefusesMissingAndEmptyFolders) {
  const std::string directory = folders();
  const std::string remedy =
      "data.directory must hold folders train and test of .png files, or .png files, or a folder of them for "
      "each "
      "class";
  EXPECT_EQ(error_of(directory), directory + "/train: holds no .png file: " + remedy);
  std::ofstream(directory + "/train/a.txt") << "x";
  EXPECT_EQ(error_of(directory), directory + "/train: holds no .png file, but 1 .txt: " + remedy);
  std::ofstream(directory + "/train/a.jpg") << "x";
  EXPECT_EQ(error_of(directory), directory +
                                     "/train: holds no .png file, but 1 .jpg, 1 .txt: "
                                     "scripts/images_to_npy.py makes data of a folder of "
                                     "any pictures");
  fs::remove_all(directory + "/train");
  EXPECT_EQ(error_of(directory), directory + "/train: cannot be read: No such file or directory: " + remedy);
  fs::remove_all(directory);
  EXPECT_EQ(error_of(directory, Part::kTest),
            directory + ": cannot be read: No such file or directory: " + remedy);
  EXPECT_EQ(message_of<FileError>([&] { (void)PngSource(directory).shape(); }),
            error_of(directory, Part::kTest));
}

}  // namespace
}  // namespace pcnn

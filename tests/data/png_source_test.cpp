#include "engine/data/png_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/io/png.h"
#include "tests/data/idx_files.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

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

TEST(PngSource, ReadsPlanesInTheOrderOfNames) {
  const std::string directory = folders();
  const Image8 first = picture(3, 4, 3, 1), second = picture(3, 4, 3, 2), third = picture(3, 4, 3, 3);
  write_png(directory + "/train/b.PNG", second);
  write_png(directory + "/train/a.png", first);
  write_png(directory + "/train/c.Png", third);
  std::ofstream(directory + "/train/notes.txt") << "not a picture";
  std::ofstream(directory + "/train/png") << "nor this";
  fs::create_directory(directory + "/train/folder.png");
  const ImageSet images = PngSource(directory).read(Part::kTrain);
  EXPECT_EQ((Shape{images.count, images.channels, images.height, images.width}), (Shape{3, 3, 3, 4}));
  EXPECT_EQ(images.values, 256);
  EXPECT_EQ(images.ids, ids_in_order(3));
  const Image8* expected[] = {&first, &second, &third};
  for (int image = 0; image < 3; ++image)
    for (int channel = 0; channel < 3; ++channel)
      for (int pixel = 0; pixel < 12; ++pixel)
        EXPECT_EQ(images.image(image)[static_cast<std::size_t>(channel * 12 + pixel)],
                  expected[image]->pixels[static_cast<std::size_t>(pixel * 3 + channel)]);
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
  EXPECT_EQ(error(32, 31, 3), odd + ": 32x31 RGB, but the first, 0001.png, is 32x32 RGB");
  EXPECT_EQ(error(31, 32, 3), odd + ": 31x32 RGB, but the first, 0001.png, is 32x32 RGB");
  EXPECT_EQ(error(32, 32, 1), odd + ": 32x32 grey, but the first, 0001.png, is 32x32 RGB");
  EXPECT_EQ(error(32, 32, 3), "no error");
}

TEST(PngSource, RefusesAFileThatIsNoPng) {
  const std::string directory = folders();
  std::ofstream(directory + "/train/x.png") << "no picture";
  EXPECT_TRUE(error_of(directory).starts_with(directory + "/train/x.png: byte 0: not a PNG"));
}

TEST(PngSource, RefusesMissingAndEmptyFolders) {
  const std::string directory = folders();
  const std::string remedy = "data.directory must hold folders train and test of .png files";
  EXPECT_EQ(error_of(directory), directory + "/train: holds no .png file: " + remedy);
  fs::remove(directory + "/test");
  EXPECT_EQ(error_of(directory, Part::kTest),
            directory + "/test: cannot be read: No such file or directory: " + remedy);
  EXPECT_EQ(message_of<FileError>([&] { (void)PngSource(directory).shape(); }),
            error_of(directory, Part::kTest));
}

}  // namespace
}  // namespace pcnn

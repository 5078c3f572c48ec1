#include "engine/data/image_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/core/error.h"
#include "engine/core/shape.h"
#include "engine/data/levels.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "tests/io/npy_files.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

DataConfig config_of(int levels, bool quantised = false) {
  DataConfig config;
  config.levels = levels;
  config.quantised = quantised;
  if (quantised && levels == 0) config.binarisation.kind = BinarisationKind::kStored;
  return config;
}

// As fed to the network.
std::vector<float> inputs(const OwnImages& own, int image = 0) {
  std::vector<float> values(own.images.image_size());
  own.coding->encode_for_evaluation(own.images, image, values);
  return values;
}

class OwnImagesFile : public testing::Test {
 protected:
  template <typename Value>
  OwnImages read(const std::vector<std::int64_t>& shape, const std::vector<Value>& values,
                 const DataConfig& config, int channels = 1) {
    write_npy(npy(), shape, values);
    return read_own_images(npy(), config, channels);
  }
  template <typename Value>
  std::string refusal(const std::vector<std::int64_t>& shape, const std::vector<Value>& values,
                      const DataConfig& config, int channels = 1) {
    std::string text = error_of<Error>([&] { (void)read(shape, values, config, channels); });
    EXPECT_TRUE(text.starts_with(npy() + ": ")) << text;
    return text.substr(npy().size() + 2);
  }
  [[nodiscard]] std::string npy() const { return directory_.file("own.npy"); }
  [[nodiscard]] std::string png() const { return directory_.file("own.png"); }

  TemporaryDirectory directory_;
};

using Bytes = std::vector<std::uint8_t>;
using Words = std::vector<std::uint16_t>;

TEST_F(OwnImagesFile, MayBeOneImageManyOrHaveChannels) {
  const Bytes pixels{0, 100, 127, 128, 200, 255};
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{2, 3}, {1, 2, 3}, {1, 1, 2, 3}}) {
    const OwnImages own = read(shape, pixels, config_of(0));
    EXPECT_EQ(own.images.count, 1);
    EXPECT_EQ(own.images.height, 2);
    EXPECT_EQ(own.images.width, 3);
    EXPECT_EQ(inputs(own), (std::vector<float>{0, 0, 0, 1, 1, 1}));
    EXPECT_EQ(own.coding->describe(), "threshold: value / 255 >= 0.5");
  }
  const OwnImages planes = read({1, 3, 1, 2}, pixels, config_of(0), 3);
  EXPECT_EQ(planes.images.channels, 3);
  EXPECT_EQ(inputs(planes), (std::vector<float>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(read({2, 1, 3}, pixels, config_of(0)).images.ids, (std::vector<std::uint32_t>{0, 1}));
}

TEST_F(OwnImagesFile, TakesBitsAsTheyAreForABinaryModel) {
  const std::vector<float> bits{0, 1, 1, 0};
  for (const bool quantised : {false, true}) {
    const OwnImages bytes = read({2, 2}, Bytes{0, 1, 1, 0}, config_of(0, quantised)),
                    words = read({2, 2}, Words{0, 1, 1, 0}, config_of(0, quantised));
    EXPECT_EQ(inputs(bytes), bits);
    EXPECT_EQ(inputs(words), bits);
    EXPECT_EQ(bytes.coding->describe(), "binary as stored");
  }
  std::ofstream(npy(), std::ios::binary) << npy_bytes(npy_dict("|b1", "(2, 2)"), std::string("\0\1\1\0", 4));
  EXPECT_EQ(inputs(read_own_images(npy(), config_of(0), 1)), bits);
}

TEST_F(OwnImagesFile, QuantisesPixelsAndTakesLevelsAsTheyAre) {
  const auto levels = [](std::initializer_list<int> values) {
    std::vector<float> all;
    for (const int value : values) all.push_back(level_to_input(value, 4));
    return all;
  };
  EXPECT_EQ(inputs(read({1, 4}, Bytes{0, 1, 64, 255}, config_of(4))), levels({0, 0, 1, 3}));
  EXPECT_EQ(inputs(read({1, 4}, Words{0, 1, 2, 3}, config_of(4))), levels({0, 1, 2, 3}));
  EXPECT_EQ(inputs(read({1, 4}, Bytes{0, 1, 2, 3}, config_of(4, true))), levels({0, 1, 2, 3}));
}

TEST_F(OwnImagesFile, SaysWhereSmallNumbersAreTakenForLevels) {
  EXPECT_EQ(
      read({1, 4}, Bytes{0, 1, 2, 3}, config_of(4)).note,
      npy() +
          ": all values are below 4: taken for the model's levels, as pcnn-sample writes them; pixels so "
          "dark must come as PNG files");
  EXPECT_EQ(read({1, 4}, Bytes{0, 1, 2, 4}, config_of(4)).note, "");
  EXPECT_EQ(read({1, 4}, Bytes{0, 1, 2, 3}, config_of(4, true)).note, "");
  EXPECT_EQ(read({1, 4}, Bytes{0, 1, 2, 3}, config_of(256)).note, "") << "both are the same";
  EXPECT_EQ(read({1, 4}, Bytes{0, 1, 1, 0}, config_of(0)).note, "");
}

// As levels they would be the two darkest ones.
TEST_F(OwnImagesFile, RefusesBoolsForAModelOfMoreLevels) {
  std::ofstream(npy(), std::ios::binary) << npy_bytes(npy_dict("|b1", "(2, 2)"), std::string("\0\1\1\0", 4));
  for (const int levels : {4, 256})
    EXPECT_EQ(error_of<FormatError>([&] { (void)read_own_images(npy(), config_of(levels), 1); }),
              npy() + ": byte 8: found bool, accepted: pixels of 0 to 255, or whole numbers from 0 to " +
                  std::to_string(levels - 1) + ", which are taken for the model's levels");
  EXPECT_EQ(inputs(read_own_images(npy(), config_of(2), 1)), (std::vector<float>{-1, 1, 1, -1}));
  EXPECT_EQ(read_own_images(npy(), config_of(4, true), 1).images.values, 4);
}

TEST_F(OwnImagesFile, RefusesAGreyImageThatMayBeManyOfOneColumn) {
  const Bytes pixels{0, 100, 127, 128, 200, 255};
  EXPECT_EQ(refusal({2, 3, 1}, pixels, config_of(0)),
            "byte 8: found shape (2, 3, 1), which can be 2 images of 3x1 (data.layout: nchw) or one of 2x3 "
            "(data.layout: nhwc): data.layout must say which, or the shape (2, 3)");
  DataConfig config = config_of(0);
  config.arrays.layout = ArrayLayout::kNhwc;
  const OwnImages one = read({2, 3, 1}, pixels, config);
  EXPECT_EQ((Shape{one.images.count, 1, one.images.height, one.images.width}), (Shape{1, 1, 2, 3}));
  config.arrays.layout = ArrayLayout::kNchw;
  const OwnImages many = read({2, 3, 1}, pixels, config);
  EXPECT_EQ((Shape{many.images.count, 1, many.images.height, many.images.width}), (Shape{2, 1, 3, 1}));
}

TEST_F(OwnImagesFile, ReadsAPictureWhoseGreysMayBeStoredInColour) {
  write_png(png(), {.width = 2, .height = 1, .channels = 3, .pixels = {10, 10, 10, 250, 250, 250}});
  EXPECT_EQ(inputs(read_own_images(png(), config_of(0), 1)), (std::vector<float>{0, 1}));
  write_png(png(), {.width = 2, .height = 1, .channels = 3, .pixels = {1, 200, 3, 250, 5, 250}});
  EXPECT_EQ(inputs(read_own_images(png(), config_of(0), 3)), (std::vector<float>{0, 1, 1, 0, 0, 1}));
  EXPECT_EQ(error_of<ConfigError>([&] { (void)read_own_images(png(), config_of(0), 1); }),
            png() + ": the pixel at row 0, column 0 is coloured, accepted: a grey picture");
  write_png(png(), {.width = 2, .height = 1, .channels = 1, .pixels = {10, 250}});
  EXPECT_EQ(inputs(read_own_images(png(), config_of(0), 3)), (std::vector<float>{0, 1, 0, 1, 0, 1}));
  EXPECT_NE(error_of<ConfigError>([&] {
              (void)read_own_images(png(), config_of(4, true), 3);
            }).find("levels as stored"),
            std::string::npos);
}

TEST_F(OwnImagesFile, MayBeAFolderOfPictures) {
  const std::string folder = directory_.file("folder");
  for (const char* name : {"10.png", "9.png"}) {
    std::filesystem::create_directories(folder + "/cat");
    write_png(folder + "/cat/" + name,
              {.width = 2, .height = 1, .channels = 3, .pixels = {10, 10, 10, 250, 250, 250}});
  }
  std::ofstream(folder + "/notes.txt") << "x";
  const OwnImages own = read_own_images(folder, config_of(0), 1);
  EXPECT_EQ(own.images.files, (std::vector<std::string>{"cat/9.png", "cat/10.png"}));
  EXPECT_EQ(own.images.label_names, (std::vector<std::string>{"cat"}));
  EXPECT_EQ(own.images.passed_over, folder + ": passed over: 1 .txt");
  EXPECT_EQ(inputs(own, 1), (std::vector<float>{0, 1}));
  write_png(folder + "/cat/11.png", {.width = 1, .height = 1, .channels = 1, .pixels = {0}});
  EXPECT_NE(error_of<ConfigError>([&] {
              (void)read_own_images(folder, config_of(0), 1);
            }).find("cat/11.png: 1x1 grey, but the first, cat/9.png, is 1x2 grey"),
            std::string::npos);
}

TEST_F(OwnImagesFile, RefusesWhatTheModelDoesNotTake) {
  EXPECT_EQ(
      refusal({1, 2}, std::vector<float>{0, 0.5f}, config_of(0)),
      "value 0.5 at index (0, 1), accepted: whole numbers from 0 to 255, 8-bit pixels; data.scale: 255 takes "
      "numbers from 0 to 1 for them");
  EXPECT_EQ(refusal({1, 2}, Words{1, 256}, config_of(0)),
            "value 256 at index (0, 1), accepted: 0 to 255, 8-bit pixels");
  EXPECT_EQ(refusal({1, 2}, Words{1, 2}, config_of(0, true)),
            "value 2 at index (0, 1), accepted: 0 to 1, the levels of model.head");
  EXPECT_EQ(refusal({1, 2}, Words{1, 4}, config_of(4, true)),
            "value 4 at index (0, 1), accepted: 0 to 3, the levels of model.head");
  EXPECT_EQ(refusal({1, 1, 1, 2}, Bytes{1, 4}, config_of(0), 3),
            "images of 1 channel, accepted: 3, as the model's have");
  EXPECT_EQ(
      refusal({2}, Bytes{1, 4}, config_of(0)),
      "byte 8: found shape (2,), accepted: (rows, columns), (n, rows, columns), (n, channels, rows, columns) "
      "or, with data.layout: nhwc, (n, rows, columns, channels); at least one image, 1 to 4 channels, sides "
      "of "
      "1 to 16384, less than 2^31 values in all");
}

TEST_F(OwnImagesFile, TakesNumbersOfAnyTypeForPixels) {
  const std::vector<float> coded{0, 0, 1, 1};
  for (const auto& [descr, data] : {std::pair{"<i8", npy_data<std::int64_t>({0, 100, 128, 255})},
                                    {">u2", npy_data<std::uint16_t>({0, 100, 128, 255}, true)},
                                    {"<f8", npy_data<double>({0, 100, 128, 255})}}) {
    std::ofstream(npy(), std::ios::binary) << npy_bytes(npy_dict(descr, "(2, 2)"), data);
    EXPECT_EQ(inputs(read_own_images(npy(), config_of(0), 1)), coded) << descr;
  }
  DataConfig scaled = config_of(0);
  scaled.arrays.scale = 255;
  EXPECT_EQ(inputs(read({2, 2}, std::vector<float>{0, 100 / 255.0f, 128 / 255.0f, 1}, scaled)), coded);
  // The scale is for floats: pcnn-sample's arrays are read as ever.
  EXPECT_EQ(inputs(read({2, 2}, Bytes{0, 1, 1, 0}, scaled)), (std::vector<float>{0, 1, 1, 0}));
}

// The channels of the model say how an array lies, whatever the run's data were.
TEST_F(OwnImagesFile, TheModelsChannelsSettleTheLayout) {
  const Bytes values{10, 200, 30, 40, 250, 60, 70, 80, 90, 100, 110, 120};
  const auto shape = [&](const std::vector<std::int64_t>& extents, int channels,
                         ArrayLayout layout = ArrayLayout::kAuto) {
    DataConfig config = config_of(256);
    config.arrays.layout = layout;
    const ImageSet images = read(extents, values, config, channels).images;
    return Shape{images.count, images.channels, images.height, images.width};
  };
  for (const ArrayLayout layout : {ArrayLayout::kAuto, ArrayLayout::kNchw, ArrayLayout::kNhwc}) {
    EXPECT_EQ(shape({1, 3, 4, 1}, 1, layout), (Shape{1, 1, 3, 4}));
    EXPECT_EQ(shape({1, 3, 4, 1}, 3, layout), (Shape{1, 3, 4, 1}));
    EXPECT_EQ(shape({3, 1, 2, 2}, 1, layout), (Shape{3, 1, 2, 2}));
    EXPECT_EQ(shape({3, 1, 2, 2}, 2, layout), (Shape{3, 2, 1, 2}));
    // One picture of colours, without the first extent.
    EXPECT_EQ(shape({3, 2, 2}, 3, layout), (Shape{1, 3, 2, 2}));
    EXPECT_EQ(shape({2, 2, 3}, 3, layout), (Shape{1, 3, 2, 2}));
    EXPECT_EQ(shape({2, 2, 3}, 1, layout), (Shape{2, 1, 2, 3}));
  }
  EXPECT_EQ(read({2, 2, 3}, values, config_of(256), 3).images.pixels,
            (Words{10, 40, 70, 100, 200, 250, 80, 110, 30, 60, 90, 120}));
  EXPECT_EQ(refusal({1, 2, 3, 2}, values, config_of(256), 2),
            "byte 8: found shape (1, 2, 3, 2), which can be 2 channels of 3x2 (data.layout: nchw) or 2 "
            "channels of 2x3 "
            "(data.layout: nhwc): data.layout must say which");
  EXPECT_EQ(shape({1, 2, 3, 2}, 2, ArrayLayout::kNchw), (Shape{1, 2, 3, 2}));
  EXPECT_EQ(shape({1, 2, 3, 2}, 2, ArrayLayout::kNhwc), (Shape{1, 2, 2, 3}));
  EXPECT_EQ(refusal({1, 2, 3, 2}, values, config_of(256), 1),
            "images of 2 channels, accepted: 1, as the model's have");
}

TEST_F(OwnImagesFile, ReadsRowsOfTheRunsShape) {
  DataConfig config = config_of(256, true);
  config.arrays.shape = {2, 3};
  const Words codes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  EXPECT_EQ(read({2, 6}, codes, config).images.count, 2);
  EXPECT_EQ(read({2, 6}, codes, config).images.height, 2);
  EXPECT_EQ(read({6, 2}, codes, config).images.height, 6) << "one image";
  EXPECT_EQ(read({1, 4, 3}, codes, config).images.height, 4) << "of another size";
}

}  // namespace
}  // namespace pcnn

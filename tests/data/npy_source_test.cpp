#include "engine/data/npy_source.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "engine/io/npy.h"
#include "tests/data/idx_files.h"
#include "tests/data/random_images.h"
#include "tests/io/npy_files.h"

namespace pcnn {
namespace {

DataConfig config_of(const std::string& directory, bool quantised = false, int levels = 0) {
  DataConfig config;
  config.dataset = DatasetKind::kNpy;
  config.directory = directory;
  config.quantised = quantised;
  config.levels = levels;
  return config;
}

Shape shape_of(const ImageSet& images) {
  return {images.count, images.channels, images.height, images.width};
}

std::string error_of(const DataConfig& config) {
  return message_of<Error>([&] { (void)NpySource(config).read(Part::kTest); });
}

// The error of a file with this header and data, without the path.
std::string error_of_file(const std::string& descr, const std::string& shape, std::size_t data_bytes,
                          bool quantised = false) {
  const std::string directory = scratch_directory(), path = directory + "/test.npy";
  std::ofstream(path, std::ios::binary) << npy_bytes(npy_dict(descr, shape), std::string(data_bytes, '\0'));
  const std::string message = error_of(config_of(directory, quantised, 16));
  EXPECT_EQ(message_of<Error>([&] { (void)NpySource(config_of(directory, quantised, 16)).shape(); }), message)
      << "the shape is refused as the images are";
  return message.starts_with(path + ": ") ? message.substr(path.size() + 2) : message;
}

TEST(NpySource, ReadsPixelsWithAndWithoutChannels) {
  const std::string directory = scratch_directory();
  const ImageSet grey = random_images({7, 1, 4, 3}, 256, 1), colour = random_images({5, 3, 2, 6}, 256, 2);
  write_npy(directory + "/train.npy", {7, 4, 3},
            std::vector<std::uint8_t>(grey.pixels.begin(), grey.pixels.end()));
  write_npy(directory + "/test.npy", {5, 3, 2, 6},
            std::vector<std::uint8_t>(colour.pixels.begin(), colour.pixels.end()));
  const NpySource source(config_of(directory));
  const ImageSet train = source.read(Part::kTrain), test = source.read(Part::kTest);
  EXPECT_EQ(shape_of(train), (Shape{7, 1, 4, 3}));
  EXPECT_EQ(train.pixels, grey.pixels);
  EXPECT_EQ(train.values, 256);
  EXPECT_EQ(train.ids, ids_in_order(7));
  EXPECT_EQ(shape_of(test), (Shape{5, 3, 2, 6}));
  EXPECT_EQ(test.pixels, colour.pixels);
  EXPECT_EQ(source.shape(), (Shape{1, 3, 2, 6}));
}

TEST(NpySource, ReadsLevelsOf8And16Bits) {
  const std::string directory = scratch_directory();
  for (const int levels : {2, 16, 256, 1024, 65536}) {
    const ImageSet codes = random_images({6, 2, 3, 5}, levels, static_cast<std::uint64_t>(levels));
    write_npy(directory + "/test.npy", {6, 2, 3, 5}, codes.pixels);
    const ImageSet wide = NpySource(config_of(directory, true, levels)).read(Part::kTest);
    EXPECT_EQ(wide.pixels, codes.pixels);
    EXPECT_EQ(wide.values, levels);
    if (levels > 256) continue;
    write_npy(directory + "/test.npy", {6, 2, 3, 5},
              std::vector<std::uint8_t>(codes.pixels.begin(), codes.pixels.end()));
    EXPECT_EQ(NpySource(config_of(directory, true, levels)).read(Part::kTest).pixels, codes.pixels);
  }
}

TEST(NpySource, ReadsBitsForABinaryHead) {
  const std::string directory = scratch_directory(), path = directory + "/test.npy";
  std::ofstream(path, std::ios::binary)
      << npy_bytes(npy_dict("|b1", "(1, 2, 2)"), std::string("\1\0\0\1", 4));
  const ImageSet bits = NpySource(config_of(directory, true)).read(Part::kTest);
  EXPECT_EQ(bits.values, 2);
  EXPECT_EQ(bits.pixels, (std::vector<std::uint16_t>{1, 0, 0, 1}));
  write_npy(path, {1, 1, 3}, std::vector<std::uint8_t>{0, 1, 2});
  EXPECT_EQ(error_of(config_of(directory, true)),
            path + ": value 2 at index (0, 0, 2), accepted: 0 to 1, the levels of model.head");
}

// One level too high, at every place in turn.
TEST(NpySource, RefusesLevelsThatAreTakenForPixels) {
  const std::string directory = scratch_directory();
  const std::vector<std::uint8_t> bits{0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0};
  write_npy(directory + "/test.npy", {2, 2, 3}, bits);
  const std::string message = error_of(config_of(directory));
  EXPECT_NE(message.find("data.quantised: true"), std::string::npos) << message;
  EXPECT_EQ(NpySource(config_of(directory, true)).read(Part::kTest).values, 2);
}

TEST(NpySource, RefusesLevelsTheHeadDoesNotHave) {
  const std::string directory = scratch_directory(), path = directory + "/test.npy";
  for (const int levels : {2, 16, 1000}) {
    for (int place = 0; place < 2 * 3 * 2 * 5; ++place) {
      ImageSet codes = random_images({2, 3, 2, 5}, levels, 5);
      codes.pixels[static_cast<std::size_t>(place)] = static_cast<std::uint16_t>(levels);
      write_npy(path, {2, 3, 2, 5}, codes.pixels);
      const std::string index =
          npy_tuple_text(std::vector<std::int64_t>{place / 30, place / 10 % 3, place / 5 % 2, place % 5});
      EXPECT_EQ(error_of(config_of(directory, true, levels)),
                path + ": value " + std::to_string(levels) + " at index " + index + ", accepted: 0 to " +
                    std::to_string(levels - 1) + ", the levels of model.head");
    }
  }
}

TEST(NpySource, RefusesOtherTypes) {
  EXPECT_EQ(
      error_of_file("|b1", "(1, 2, 2)", 4),
      "byte 8: found bool, accepted: pixels of 0 to 255; data.quantised: true takes these values as levels");
  DataConfig scaled = config_of(scratch_directory(), false, 16);
  scaled.arrays.scale = 255;
  write_npy(scaled.directory + "/test.npy", {1, 2, 2}, std::vector<std::uint8_t>(4));
  EXPECT_EQ(
      error_of(scaled),
      scaled.directory + "/test.npy: byte 8: found uint8, accepted: floats, which data.scale: 255 is for");
}

TEST(NpySource, RefusesOtherShapes) {
  const auto refused = [](const std::string& shape, const std::string& flat = "") {
    return "byte 8: found shape " + shape +
           ", accepted: (n, rows, columns), (n, channels, rows, columns) or, with data.layout: nhwc, (n, "
           "rows, "
           "columns, channels)" +
           flat + "; at least one image, 1 to 4 channels, sides of 1 to 16384, less than 2^31 values in all";
  };
  for (const std::string shape : {"(4,)", "(1, 1, 1, 2, 2)", "(1, 5, 1, 5)", "(1, 16385, 1)"})
    EXPECT_EQ(error_of_file("|u1", shape,
                            shape == "(1, 16385, 1)"  ? 16385
                            : shape == "(1, 5, 1, 5)" ? 25
                                                      : 4),
              refused(shape));
  EXPECT_EQ(error_of_file("|u1", "(2, 2)", 4),
            refused("(2, 2)", ", or with data.shape: [rows, columns] a row of values for each image"));
  for (const std::string shape : {"(0, 2, 2)", "(3, 0, 2)", "(3, 1, 2, 0)"})
    EXPECT_EQ(error_of_file("|u1", shape, 0), refused(shape));
}

// What numbers NumPy may hold pixels or levels in.
TEST(NpySource, ReadsEveryTypeWhoseValuesFit) {
  const std::string directory = scratch_directory(), path = directory + "/test.npy";
  const std::vector<std::uint16_t> bytes{0, 100, 127, 1}, words{0, 300, 32000, 9};
  const auto write = [&](const std::string& descr, const std::string& data) {
    std::ofstream(path, std::ios::binary) << npy_bytes(npy_dict(descr, "(1, 2, 2)"), data);
  };
  const auto expect = [&]<typename Stored>(Stored, const std::string& type) {
    for (const bool big : {false, true}) {
      const std::string descr = (big ? ">" : "<") + type;
      write(descr, npy_data(std::vector<Stored>(bytes.begin(), bytes.end()), big));
      EXPECT_EQ(NpySource(config_of(directory, false, 256)).read(Part::kTest).pixels, bytes) << descr;
      if (sizeof(Stored) == 1) continue;
      write(descr, npy_data(std::vector<Stored>(words.begin(), words.end()), big));
      EXPECT_EQ(NpySource(config_of(directory, true, 32001)).read(Part::kTest).pixels, words) << descr;
      EXPECT_NE(error_of(config_of(directory, false, 256)).find("value 300 at index (0, 0, 1), accepted: "),
                std::string::npos)
          << descr;
    }
  };
  expect(std::int8_t{}, "i1");
  expect(std::int16_t{}, "i2");
  expect(std::uint16_t{}, "u2");
  expect(std::int32_t{}, "i4");
  expect(std::uint32_t{}, "u4");
  expect(std::int64_t{}, "i8");
  expect(std::uint64_t{}, "u8");
  expect(float{}, "f4");
  expect(double{}, "f8");
  // 0, 100, 127 and 1 of float16
  write("<f2", npy_data(std::vector<std::uint16_t>{0, 0x5640, 0x57f0, 0x3c00}));
  EXPECT_EQ(NpySource(config_of(directory, false, 256)).read(Part::kTest).pixels, bytes);
}

TEST(NpySource, NamesTheFirstValueThatIsNoPixel) {
  const std::string directory = scratch_directory(), path = directory + "/test.npy";
  const auto error = [&](const std::string& descr, const std::string& data, bool quantised = false) {
    std::ofstream(path, std::ios::binary) << npy_bytes(npy_dict(descr, "(1, 2, 2)"), data);
    return error_of(config_of(directory, quantised, 256)).substr(path.size() + 2);
  };
  EXPECT_EQ(
      error("<i8", npy_data<std::int64_t>({9, 255, 256, -1})),
      "value 256 at index (0, 1, 0), accepted: 0 to 255, 8-bit pixels; data.quantised: true takes levels");
  EXPECT_EQ(
      error("|i1", npy_data<std::int8_t>({9, 0, 0, -1})),
      "value -1 at index (0, 1, 1), accepted: 0 to 255, 8-bit pixels; data.quantised: true takes levels");
  EXPECT_EQ(error("<f4", npy_data<float>({255, 0, 0.5, 1})),
            "value 0.5 at index (0, 1, 0), accepted: whole numbers from 0 to 255, 8-bit pixels; data.scale: "
            "255 takes "
            "numbers from 0 to 1 for them");
  EXPECT_EQ(error("<f8", npy_data<double>({NAN, 0, 0.5, 1}), true),
            "value nan at index (0, 0, 0), accepted: whole numbers from 0 to 255, the levels of model.head; "
            "data.scale: 255 takes numbers from 0 to 1 for them");
}

// As x / 255 leaves them in each of NumPy's floats.
TEST(NpySource, ScalesFloatsToPixels) {
  DataConfig config = config_of(scratch_directory(), false, 256);
  config.arrays.scale = 255;
  const std::string path = config.directory + "/test.npy";
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<std::uint16_t> pixels;
  for (int value = 0; value < 256; ++value) {
    floats.push_back(static_cast<float>(value) / 255.0f);
    doubles.push_back(value / 255.0);
    pixels.push_back(static_cast<std::uint16_t>(value));
  }
  write_npy(path, {1, 16, 16}, floats);
  EXPECT_EQ(NpySource(config).read(Part::kTest).pixels, pixels);
  std::ofstream(path, std::ios::binary) << npy_bytes(npy_dict("<f8", "(1, 16, 16)"), npy_data(doubles));
  EXPECT_EQ(NpySource(config).read(Part::kTest).pixels, pixels);

  floats[17] = 17.01f / 255.0f;
  write_npy(path, {1, 16, 16}, floats);
  EXPECT_EQ(
      error_of(config).substr(path.size()),
      ": value 0.06670588 at index (0, 1, 1), accepted: 0 to 1 in steps of 1/255, as data.scale: 255 says");
  for (const float value : {-1.0f, 1.01f, 255.0f, INFINITY, NAN}) {
    floats[17] = value;
    write_npy(path, {1, 16, 16}, floats);
    EXPECT_NE(error_of(config).find(" at index (0, 1, 1), accepted: 0 to 1 in steps"), std::string::npos)
        << value;
  }
  // The levels of a head as fractions of the highest.
  config = config_of(config.directory, true, 65536);
  config.arrays.scale = 65535;
  const std::vector<float> ends{0.0f, 1.0f / 65535.0f, 32768.0f / 65535.0f, 1.0f};
  write_npy(path, {1, 2, 2}, ends);
  EXPECT_EQ(NpySource(config).read(Part::kTest).pixels, (std::vector<std::uint16_t>{0, 1, 32768, 65535}));
}

TEST(NpySource, TellsLayoutsApartOrAsks) {
  const std::string directory = scratch_directory(), path = directory + "/test.npy";
  const auto read = [&](const std::vector<std::int64_t>& shape, ArrayLayout layout) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
    std::vector<std::uint8_t> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::uint8_t>(i % 251);
    write_npy(path, shape, values);
    DataConfig config = config_of(directory);
    config.arrays.layout = layout;
    return NpySource(config);
  };
  const auto refusal = [&](const NpySource& source) {
    const std::string text = message_of<FormatError>([&] { (void)source.read(Part::kTest); });
    EXPECT_EQ(message_of<FormatError>([&] { (void)source.shape(); }), text);
    return text.substr(path.size() + 2);
  };
  using enum ArrayLayout;
  EXPECT_EQ(refusal(read({20, 4, 4, 1}, kAuto)),
            "byte 8: found shape (20, 4, 4, 1), which can be 4 channels of 4x1 (data.layout: nchw) or 1 "
            "channel of 4x4 "
            "(data.layout: nhwc): data.layout must say which");
  EXPECT_EQ(shape_of(read({20, 4, 4, 1}, kNchw).read(Part::kTest)), (Shape{20, 4, 4, 1}));
  EXPECT_EQ(shape_of(read({20, 4, 4, 1}, kNhwc).read(Part::kTest)), (Shape{20, 1, 4, 4}));
  // Cubes of three are as ambiguous.
  EXPECT_NE(refusal(read({20, 3, 3, 3}, kAuto)).find("data.layout must say which"), std::string::npos);

  EXPECT_EQ(refusal(read({2, 32, 30, 3}, kAuto)),
            "byte 8: found shape (2, 32, 30, 3), which can only be channels last, accepted: data.layout: "
            "nhwc for 3 "
            "channels of 32x30");
  EXPECT_EQ(refusal(read({2, 32, 30, 3}, kNchw)).substr(0, 60),
            refusal(read({2, 32, 30, 3}, kAuto)).substr(0, 60));
  EXPECT_EQ(refusal(read({2, 3, 32, 30}, kNhwc)),
            "byte 8: found shape (2, 3, 32, 30), which data.layout: nhwc takes for 30 channels of 3x32, "
            "accepted: 1 to "
            "4 channels, or data.layout: nchw for 3 channels of 32x30");
  const ImageSet last = read({2, 32, 30, 3}, kNhwc).read(Part::kTest);
  ASSERT_EQ(shape_of(last), (Shape{2, 3, 32, 30}));
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      for (std::size_t pixel = 0; pixel < 32 * 30; ++pixel)
        ASSERT_EQ(last.pixels[(i * 3 + channel) * 32 * 30 + pixel],
                  ((i * 32 * 30 + pixel) * 3 + channel) % 251);
  EXPECT_EQ(read({2, 32, 30, 3}, kNhwc).shape(), (Shape{1, 3, 32, 30}));

  // What can be read in one way needs no key, and both ways of one value are one.
  for (const ArrayLayout layout : {kAuto, kNchw})
    EXPECT_EQ(shape_of(read({2, 3, 32, 30}, layout).read(Part::kTest)), (Shape{2, 3, 32, 30}));
  for (const ArrayLayout layout : {kAuto, kNchw, kNhwc}) {
    EXPECT_EQ(shape_of(read({2, 32, 30}, layout).read(Part::kTest)), (Shape{2, 1, 32, 30}));
    EXPECT_EQ(shape_of(read({250, 1, 1, 1}, layout).read(Part::kTest)), (Shape{250, 1, 1, 1}));
  }
}

TEST(NpySource, ReadsFlatRowsByTheShapeOfAnImage) {
  DataConfig config = config_of(scratch_directory(), true, 64);
  const std::string path = config.directory + "/test.npy";
  const ImageSet codes = random_images({5, 1, 3, 7}, 64, 1);
  config.arrays.shape = {3, 7};
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{5, 21}, {5, 3, 7}}) {
    write_npy(path, shape, codes.pixels);
    const ImageSet read = NpySource(config).read(Part::kTest);
    EXPECT_EQ(shape_of(read), (Shape{5, 1, 3, 7}));
    EXPECT_EQ(read.pixels, codes.pixels);
    EXPECT_EQ(NpySource(config).shape(), (Shape{1, 1, 3, 7}));
  }
  write_npy(path, {3, 35}, codes.pixels);
  const std::string accepted = ", accepted: (n, 21) or (n, 3, 7), as data.shape: [3, 7] says";
  EXPECT_EQ(error_of(config), path + ": byte 8: found shape (3, 35)" + accepted);
  write_npy(path, {5, 7, 3}, codes.pixels);
  EXPECT_EQ(error_of(config), path + ": byte 8: found shape (5, 7, 3)" + accepted);
  // Three numbers are as a four-dimensional array has them.
  config.arrays.shape = {7, 7, 3};
  const ImageSet colour = random_images({2, 1, 1, 147}, 64, 1);
  write_npy(path, {2, 147}, colour.pixels);
  EXPECT_NE(error_of(config).find("data.layout: nhwc for 3 channels of 7x7"), std::string::npos);
  config.arrays.layout = ArrayLayout::kNhwc;
  EXPECT_EQ(shape_of(NpySource(config).read(Part::kTest)), (Shape{2, 3, 7, 7}));
}

TEST(NpySource, ReadsLabelsAndTheirNames) {
  DataConfig config = config_of(scratch_directory());
  config.labels = true;
  const std::string path = config.directory + "/test.npy", labels = config.directory + "/test_labels.npy",
                    names = config.directory + "/labels.txt";
  write_npy(path, {3, 1, 2}, std::vector<std::uint8_t>{0, 100, 127, 1, 2, 255});
  EXPECT_EQ(error_of(config), labels + ": not found, but data.labels: true needs it");
  std::ofstream(labels, std::ios::binary)
      << npy_bytes(npy_dict("<i8", "(3,)"), npy_data<std::int64_t>({2, 0, 1}));
  ImageSet images = NpySource(config).read(Part::kTest);
  EXPECT_EQ(images.labels, (std::vector{2, 0, 1}));
  EXPECT_TRUE(images.label_names.empty());
  std::ofstream(names) << "cat\r\nsea lion\nowl\n";
  EXPECT_EQ(NpySource(config).read(Part::kTest).label_names,
            (std::vector<std::string>{"cat", "sea lion", "owl"}));
  std::ofstream(names) << "cat\nowl\n";
  EXPECT_EQ(error_of(config), names + ": 2 lines, but image 0 of " + path +
                                  " has label 2: accepted: a name for each label from 0 on");
  write_npy(labels, {4}, std::vector<std::uint8_t>(4));
  EXPECT_EQ(error_of(config), labels + ": byte 8: found shape (4,), accepted: (3,), a label for each image");
  config.labels = false;
  EXPECT_TRUE(NpySource(config).read(Part::kTest).labels.empty());
}

// No memory is taken for what a header claims and the file does not hold.
TEST(NpySource, RefusesExtentsTheFileDoesNotHold) {
  for (const std::string shape :
       {"(60000, 28, 28)", "(4611686018427387904, 1, 1)", "(2147483647, 3, 16384, 16384)"})
    EXPECT_NE(error_of_file("|u1", shape, 4).find("byte"), std::string::npos);
}

TEST(NpySource, AMissingFileSaysWhatIsNeeded) {
  const std::string directory = scratch_directory();
  EXPECT_EQ(error_of(config_of(directory)), directory +
                                                "/test.npy: not found: data.directory must hold train.npy "
                                                "and test.npy (or train.npy alone: test images "
                                                "are then taken out of it)");
}

}  // namespace
}  // namespace pcnn

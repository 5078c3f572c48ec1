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
  for (const int levels : {2, 16, 256, 1024}) {
    const ImageSet codes = random_images({6, 2, 3, 3}, levels, static_cast<std::uint64_t>(levels));
    write_npy(directory + "/test.npy", {6, 2, 3, 3}, codes.pixels);
    const ImageSet wide = NpySource(config_of(directory, true, levels)).read(Part::kTest);
    EXPECT_EQ(wide.pixels, codes.pixels);
    EXPECT_EQ(wide.values, levels);
    if (levels > 256) continue;
    write_npy(directory + "/test.npy", {6, 2, 3, 3},
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
    for (int place = 0; place < 2 * 3 * 2 * 2; ++place) {
      ImageSet codes = random_images({2, 3, 2, 2}, levels, 5);
      codes.pixels[static_cast<std::size_t>(place)] = static_cast<std::uint16_t>(levels);
      write_npy(path, {2, 3, 2, 2}, codes.pixels);
      const std::string index =
          npy_tuple_text(std::vector<std::int64_t>{place / 12, place / 4 % 3, place / 2 % 2, place % 2});
      EXPECT_EQ(error_of(config_of(directory, true, levels)),
                path + ": value " + std::to_string(levels) + " at index " + index + ", accepted: 0 to " +
                    std::to_string(levels - 1) + ", the levels of model.head");
    }
  }
}

TEST(NpySource, RefusesOtherTypes) {
  EXPECT_EQ(
      error_of_file("<u2", "(1, 2, 2)", 8),
      "byte 8: found uint16, accepted: uint8 pixels; data.quantised: true takes these values as levels");
  EXPECT_EQ(error_of_file("|b1", "(1, 2, 2)", 4),
            "byte 8: found bool, accepted: uint8 pixels; data.quantised: true takes these values as levels");
  EXPECT_EQ(error_of_file("<f4", "(1, 2, 2)", 16), "byte 8: found float32, accepted: uint8");
  EXPECT_EQ(error_of_file("<i8", "(1, 2, 2)", 32, true),
            "byte 8: found int64, accepted: bool, uint8 or uint16");
}

TEST(NpySource, RefusesOtherShapes) {
  const auto refused = [](const std::string& shape) {
    return "byte 8: found shape " + shape +
           ", accepted: (n, rows, columns) or (n, channels, rows, columns), at least one image, 1 to 4 "
           "channels, sides of 1 to 16384, less than 2^31 values in all";
  };
  for (const std::string shape : {"(4,)", "(2, 2)", "(1, 1, 1, 2, 2)", "(1, 5, 1, 1)", "(1, 16385, 1)"})
    EXPECT_EQ(error_of_file("|u1", shape,
                            shape == "(1, 16385, 1)"  ? 16385
                            : shape == "(1, 5, 1, 1)" ? 5
                                                      : 4),
              refused(shape));
  for (const std::string shape : {"(0, 2, 2)", "(3, 0, 2)", "(3, 1, 2, 0)"})
    EXPECT_EQ(error_of_file("|u1", shape, 0), refused(shape));
}

// No memory is taken for what a header claims and the file does not hold.
TEST(NpySource, RefusesExtentsTheFileDoesNotHold) {
  for (const std::string shape :
       {"(60000, 28, 28)", "(4611686018427387904, 1, 1)", "(2147483647, 3, 16384, 16384)"})
    EXPECT_NE(error_of_file("|u1", shape, 4).find("byte"), std::string::npos);
}

TEST(NpySource, AMissingFileSaysWhatIsNeeded) {
  const std::string directory = scratch_directory();
  EXPECT_EQ(error_of(config_of(directory)),
            directory + "/test.npy: not found: data.directory must hold train.npy and test.npy");
}

}  // namespace
}  // namespace pcnn

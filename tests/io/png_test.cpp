#include "engine/io/png.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <random>
#include <stdexcept>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const uLong sum = ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(sum));
}

// A PNG of any kind, made without libpng; every row of `rows` begins with its filter byte.
std::string make_png(std::uint32_t width, std::uint32_t height, int depth, int colour_type,
                     const std::string& rows, const std::string& extra_chunks = "") {
  std::string packed(::compressBound(static_cast<uLong>(rows.size())), '\0');
  uLongf size = static_cast<uLongf>(packed.size());
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
             static_cast<uLong>(rows.size()));
  packed.resize(size);
  const std::string header = big_endian(width) + big_endian(height) + static_cast<char>(depth) +
                             static_cast<char>(colour_type) + std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + extra_chunks + chunk("IDAT", packed) +
         chunk("IEND", "");
}

// Does not sync, unlike the engine's writer: the tests of damage do this often.
Image8 read_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return read_png(path);
}

Image8 read_bytes(const std::string& bytes) {
  const TemporaryDirectory directory;
  return read_bytes(directory.file("a.png"), bytes);
}

using Pixels = std::vector<std::uint8_t>;

Image8 random_image(int width, int height, int channels, std::mt19937& random) {
  Image8 image{.width = width, .height = height, .channels = channels, .pixels = {}};
  image.pixels.resize(image.offset(height, 0));
  for (std::uint8_t& pixel : image.pixels) pixel = static_cast<std::uint8_t>(random());
  return image;
}

TEST(Png, GreyAndRgbComeBackAsWritten) {
  const TemporaryDirectory directory;
  std::mt19937 random(3);
  for (int trial = 0; trial < 30; ++trial) {
    const Image8 image = random_image(1 + static_cast<int>(random() % 40),
                                      1 + static_cast<int>(random() % 40), random() % 2 ? 3 : 1, random);
    write_png(directory.file("a.png"), image);
    EXPECT_EQ(read_png(directory.file("a.png")), image);
  }
  EXPECT_EQ(directory.file_count(), 1U);
}

TEST(Png, WritesTheSameBytesForTheSamePictureAndNoTimeStamp) {
  const TemporaryDirectory directory;
  std::mt19937 random(4);
  const Image8 image = random_image(9, 5, 3, random);
  for (const char* name : {"1.png", "2.png"}) write_png(directory.file(name), image);
  const std::string bytes = read_text_file(directory.file("1.png"));
  EXPECT_EQ(bytes, read_text_file(directory.file("2.png")));
  EXPECT_EQ(bytes.find("tIME"), std::string::npos);
}

TEST(Png, RefusesToWriteAPictureThatIsNotWhole) {
  const TemporaryDirectory directory;
  const auto refuses = [&](int width, int height, int channels, std::size_t values) {
    const Image8 image{.width = width, .height = height, .channels = channels, .pixels = Pixels(values)};
    EXPECT_THROW(write_png(directory.file("a.png"), image), std::invalid_argument);
  };
  refuses(0, 0, 1, 0);
  refuses(2, 0, 1, 0);
  refuses(-2, -2, 1, 4);
  refuses(2, 2, 1, 3);
  refuses(2, 2, 3, 4);
  refuses(2, 2, 2, 8);
  refuses(2, 2, 4, 16);
  EXPECT_EQ(directory.file_count(), 0U);
}

TEST(Png, WritingNamesThePathAndTheReason) {
  const TemporaryDirectory directory;
  const Image8 image{.width = 1, .height = 1, .channels = 1, .pixels = {0}};
  EXPECT_EQ(error_of<FileError>([&] { write_png(directory.file("none/a.png"), image); }),
            directory.file("none/a.png") + ": cannot be written: No such file or directory");
}

TEST(Png, StretchesFewBitsToTheWholeRange) {
  EXPECT_EQ(read_bytes(make_png(8, 1, 1, 0, std::string("\0\xa5", 2))).pixels,
            (Pixels{255, 0, 255, 0, 0, 255, 0, 255}));
  EXPECT_EQ(read_bytes(make_png(4, 1, 2, 0, std::string("\0\x1b", 2))).pixels, (Pixels{0, 85, 170, 255}));
}

TEST(Png, RoundsSixteenBitsToEightWithoutBendingThem) {
  const Image8 image =
      read_bytes(make_png(4, 1, 16, 0, std::string("\0\x00\x00\x40\x40\x80\x80\xff\xff", 9)));
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(image.pixels, (Pixels{0, 64, 128, 255}));
}

TEST(Png, ResolvesPalettes) {
  const std::string palette = chunk("PLTE", "\x0a\x14\x1e\xc8\xd2\xdc");
  const Image8 image = read_bytes(make_png(2, 1, 8, 3, std::string("\0\x01\x00", 3), palette));
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.pixels, (Pixels{200, 210, 220, 10, 20, 30}));
}

TEST(Png, LaysTransparencyOverBlack) {
  const Image8 grey = read_bytes(make_png(2, 1, 8, 4, std::string("\0\xc8\xff\xc8\x00", 5)));
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (Pixels{200, 0}));
  const Image8 colour =
      read_bytes(make_png(2, 1, 8, 6, std::string("\0\x01\x02\x03\xff\x04\x05\x06\x00", 9)));
  EXPECT_EQ(colour.channels, 3);
  EXPECT_EQ(colour.pixels, (Pixels{1, 2, 3, 0, 0, 0}));
}

TEST(Png, RefusesWhatIsNotAPng) {
  EXPECT_THROW((void)read_bytes(""), FormatError);
  EXPECT_THROW((void)read_bytes("GIF89a"), FormatError);
  const TemporaryDirectory directory;
  EXPECT_THROW((void)read_png(directory.file("none.png")), FileError);
  EXPECT_THROW((void)read_png(directory.file("")), FileError);
}

TEST(Png, RefusesSizesTheFileCannotHoldBeforeTakingMemory) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.png");
  write_file_atomic(path, make_png(20'000, 20'000, 8, 2, std::string(4, '\0')));
  EXPECT_EQ(error_of<FormatError>([&] { (void)read_png(path); }),
            path + ": byte 16: 20000 x 20000 pixels, which so short a file cannot hold");
  // 65536 x 65536 is 0 in 32 bits.
  write_file_atomic(path, make_png(65'536, 65'536, 8, 0, std::string(2, '\0')));
  EXPECT_EQ(error_of<FormatError>([&] { (void)read_png(path); }),
            path + ": byte 16: 65536 x 65536 pixels, which take more than 2 GiB");
}

TEST(Png, ReadsPicturesThatPackVeryWell) {
  const std::string row = std::string(1, '\0') + std::string(250, '\0');
  std::string rows;
  for (int i = 0; i < 2000; ++i) rows += row;
  EXPECT_EQ(read_bytes(make_png(2000, 2000, 1, 3, rows, chunk("PLTE", "\xff\xff\xff\x01\x01\x01"))).pixels,
            Pixels(std::size_t{3} * 2000 * 2000, 255));
}

TEST(Png, RandomDamageLoadsOrIsRefused) {
  std::mt19937 random(11);
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.png");
  write_png(path, random_image(13, 7, 3, random));
  const std::vector<std::string> samples{
      read_text_file(path), make_png(2, 1, 8, 3, std::string("\0\x01\x00", 3), chunk("PLTE", "abcdef")),
      make_png(4, 1, 16, 0, std::string("\0\x00\x00\x40\x40\x80\x80\xff\xff", 9))};
  int refused = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string bytes = samples[random() % samples.size()];
    for (std::size_t flips = 1 + random() % 3; flips > 0; --flips) {
      char& byte = bytes[random() % bytes.size()];
      byte = static_cast<char>(byte ^ (1 << random() % 8));
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    try {
      const Image8 image = read_bytes(directory.file(std::to_string(trial)), bytes);
      EXPECT_EQ(image.pixels.size(), image.offset(image.height, 0));
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

// Damage that the checksums do not show: a sound file around pixels that are too few, too many or filtered in
// no known way.
TEST(Png, WrongPixelDataLoadsOrIsRefused) {
  const TemporaryDirectory directory;
  std::mt19937 random(12);
  constexpr int kDepths[] = {1, 2, 4, 8, 16}, kColourTypes[] = {0, 2, 3, 4, 6};
  for (int trial = 0; trial < 1000; ++trial) {
    std::string rows(random() % 60, '\0');
    for (char& byte : rows) byte = static_cast<char>(random() % 8);
    const std::string palette = random() % 2 ? chunk("PLTE", std::string(random() % 12, 'c')) : "";
    try {
      const Image8 image = read_bytes(directory.file(std::to_string(trial)),
                                      make_png(1 + random() % 5, 1 + random() % 5, kDepths[random() % 5],
                                               kColourTypes[random() % 5], rows, palette));
      EXPECT_EQ(image.pixels.size(), image.offset(image.height, 0));
    } catch (const Error&) {
    }
  }
}

TEST(Png, ReadAsStoredTakesOnlyWhatNothingChanges) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.png");
  for (const int channels : {1, 3}) {
    Image8 image{.width = 3, .height = 2, .channels = channels, .pixels = {}};
    for (int i = 0; i < 6 * channels; ++i) image.pixels.push_back(static_cast<std::uint8_t>(40 * i));
    write_png(path, image);
    EXPECT_EQ(read_png_as_stored(path), image);
  }
  std::vector<std::byte> bytes = read_file(path);
  const auto refused = [&](std::size_t at, int value, const std::string& what) {
    std::vector<std::byte> changed = bytes;
    changed[at] = static_cast<std::byte>(value);
    write_file_atomic(path, changed);
    EXPECT_NE(error_of<FormatError>([&] { (void)read_png_as_stored(path); }).find(what), std::string::npos)
        << what;
  };
  refused(24, 16, "16 bits a value");
  refused(25, 3, "a palette");
  refused(25, 6, "transparency");
  // A gamma chunk before the pixels: length 4, gAMA, 1.0, checksum unlooked at.
  std::vector<std::byte> linear(bytes.begin(), bytes.begin() + 33);
  for (const int value :
       std::initializer_list<int>{0, 0, 0, 4, 'g', 'A', 'M', 'A', 0, 1, 0x86, 0xa0, 0, 0, 0, 0})
    linear.push_back(static_cast<std::byte>(value));
  // Then straight to the pixels: the file that was written says sRGB before them.
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  linear.insert(linear.end(), bytes.begin() + static_cast<std::ptrdiff_t>(text.find("IDAT") - 4),
                bytes.end());
  write_file_atomic(path, linear);
  EXPECT_NE(error_of<FormatError>([&] { (void)read_png_as_stored(path); }).find("a gamma of 1"),
            std::string::npos);
}

}  // namespace
}  // namespace pcnn

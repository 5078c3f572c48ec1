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
                     const std::string& rows, const std::string& extra_chunks = "", bool interlaced = false) {
  std::string packed(::compressBound(static_cast<uLong>(rows.size())), '\0');
  uLongf size = static_cast<uLongf>(packed.size());
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
             static_cast<uLong>(rows.size()));
  packed.resize(size);
  const std::string header = big_endian(width) + big_endian(height) + static_cast<char>(depth) +
                             static_cast<char>(colour_type) + std::string(2, '\0') +
                             static_cast<char>(interlaced);
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

std::string refusal(const std::string& bytes, const std::string& name = "a.png") {
  const TemporaryDirectory directory;
  const std::string path = directory.file(name);
  std::ofstream(path, std::ios::binary) << bytes;
  std::string text = error_of<FormatError>([&] { (void)read_png(path); });
  EXPECT_TRUE(text.starts_with(path + ": byte ")) << text;
  for (std::size_t at; (at = text.find(path.substr(0, path.size() - name.size()))) != std::string::npos;)
    text.erase(at, path.size() - name.size());
  return text;
}

TEST(Png, StretchesFewBitsToTheWholeRange) {
  EXPECT_EQ(read_bytes(make_png(8, 1, 1, 0, std::string("\0\xa5", 2))).pixels,
            (Pixels{255, 0, 255, 0, 0, 255, 0, 255}));
  EXPECT_EQ(read_bytes(make_png(4, 1, 2, 0, std::string("\0\x1b", 2))).pixels, (Pixels{0, 85, 170, 255}));
  EXPECT_EQ(read_bytes(make_png(4, 1, 4, 0, std::string("\0\x01\x7f", 3))).pixels, (Pixels{0, 17, 119, 255}));
}

TEST(Png, ResolvesPalettes) {
  const std::string palette = chunk("PLTE", "\x0a\x14\x1e\xc8\xd2\xdc");
  const Image8 image = read_bytes(make_png(2, 1, 8, 3, std::string("\0\x01\x00", 3), palette));
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.pixels, (Pixels{200, 210, 220, 10, 20, 30}));
}

TEST(Png, APaletteOfWhichOnlyGreysAreUsedIsGrey) {
  const std::string palette = chunk("PLTE", "\x0a\x0a\x0a\xc8\xd2\xdc\x07\x07\x07");
  for (const int depth : {2, 8}) {
    const std::string grey = depth == 8 ? std::string("\0\x02\x00\x02", 4) : std::string("\0\x88", 2);
    const Image8 image = read_bytes(make_png(3, 1, depth, 3, grey, palette));
    EXPECT_EQ(image.channels, 1);
    EXPECT_EQ(image.pixels, (Pixels{7, 10, 7}));
  }
  EXPECT_EQ(read_bytes(make_png(3, 1, 8, 3, std::string("\0\x02\x01\x02", 4), palette)).channels, 3);
}

TEST(Png, DropsAlphaThatIsOpaqueEverywhere) {
  const Image8 grey = read_bytes(make_png(2, 1, 8, 4, std::string("\0\xc8\xff\x07\xff", 5)));
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (Pixels{200, 7}));
  const Image8 colour =
      read_bytes(make_png(2, 1, 8, 6, std::string("\0\x01\x02\x03\xff\x04\x05\x06\xff", 9)));
  EXPECT_EQ(colour.channels, 3);
  EXPECT_EQ(colour.pixels, (Pixels{1, 2, 3, 4, 5, 6}));
}

TEST(Png, RefusesTransparencyThatAPixelHas) {
  const std::string found =
      "a.png: byte 25: found transparency, accepted: opaque pixels (the pixel at row 0, column 1 is not); "
      "convert "
      "it: convert a.png -background white -alpha remove -alpha off a-8bit.png; or a whole folder of "
      "pictures "
      "with scripts/images_to_npy.py";
  EXPECT_EQ(refusal(make_png(2, 1, 8, 4, std::string("\0\xc8\xff\x07\xfe", 5))), found);
  EXPECT_EQ(refusal(make_png(2, 1, 8, 6, std::string("\0\x01\x02\x03\xff\x04\x05\x06\x00", 9))), found);
  // A colour that stands for transparency, and a palette with alpha.
  const auto clear = [](const std::string& colour) { return chunk("tRNS", colour); };
  EXPECT_EQ(refusal(make_png(2, 1, 8, 0, std::string("\0\x01\x02", 3), clear(std::string("\0\x02", 2)))),
            found);
  EXPECT_EQ(refusal(make_png(8, 1, 1, 0, std::string("\0\xbf", 2), clear(std::string("\0\x00", 2)))), found);
  EXPECT_EQ(refusal(make_png(2, 1, 8, 2, std::string("\0\x01\x02\x03\x04\x05\x06", 7),
                             clear(std::string("\0\x04\0\x05\0\x06", 6)))),
            found);
  const std::string palette = chunk("PLTE", "abcdefghi");
  EXPECT_EQ(refusal(make_png(2, 1, 8, 3, std::string("\0\x00\x01", 3), palette + clear("\xff\xfe"))), found);

  // None of these pixels is.
  EXPECT_EQ(
      read_bytes(make_png(2, 1, 8, 0, std::string("\0\x01\x02", 3), clear(std::string("\0\x03", 2)))).pixels,
      (Pixels{1, 2}));
  EXPECT_EQ(read_bytes(make_png(2, 1, 8, 2, std::string("\0\x01\x02\x03\x04\x05\x06", 7),
                                clear(std::string("\0\x04\0\x05\0\x07", 6))))
                .pixels,
            (Pixels{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(
      read_bytes(make_png(2, 1, 8, 3, std::string("\0\x00\x02", 3), palette + clear("\xff\xfe"))).pixels,
      (Pixels{'a', 'b', 'c', 'g', 'h', 'i'}));
}

// libpng would read on without it, and pixels that show nothing would have colours.
TEST(Png, ADamagedTransparencyIsNotLost) {
  std::string bytes =
      make_png(2, 1, 8, 0, std::string("\0\x01\x02", 3), chunk("tRNS", std::string("\0\x02", 2)));
  bytes[bytes.find("tRNS") + 6] ^= 1;
  EXPECT_NE(refusal(bytes).find("a damaged PNG: tRNS"), std::string::npos);
}

TEST(Png, RefusesSixteenBitsWithTheCommandThatConverts) {
  const std::string bytes = make_png(1, 1, 16, 0, std::string("\0\x40\x40", 3));
  const std::string rest = "; or a whole folder of pictures with scripts/images_to_npy.py";
  EXPECT_EQ(refusal(bytes),
            "a.png: byte 24: found 16 bits a value, accepted: 8 or fewer; convert it: convert a.png -depth 8 "
            "a-8bit.png" +
                rest);
  EXPECT_EQ(refusal(bytes, "my cat's.png"),
            "my cat's.png: byte 24: found 16 bits a value, accepted: 8 or fewer; convert it: convert "
            "'my cat'\\''s.png' -depth 8 'my cat'\\''s-8bit.png'" +
                rest);
}

TEST(Png, ColourChunksChangeNothing) {
  const std::string gamma = chunk("gAMA", big_endian(100'000)), curve = chunk("gAMA", big_endian(45'455)),
                    srgb = chunk("sRGB", std::string(1, '\0')),
                    whites = chunk("cHRM", big_endian(31'270) + big_endian(32'900) + std::string(24, '\1')),
                    profile = chunk("iCCP", std::string("x\0\0nothing that unpacks", 23)),
                    bits = chunk("sBIT", "\5");
  for (const std::string& extra : {gamma, curve, srgb, whites, profile, bits, gamma + whites})
    EXPECT_EQ(read_bytes(make_png(3, 1, 8, 0, std::string("\0\x01\x80\xfe", 4), extra)).pixels,
              (Pixels{1, 128, 254}));
  EXPECT_EQ(read_bytes(make_png(1, 1, 8, 2, std::string("\0\x01\x80\xfe", 4), gamma)).pixels,
            (Pixels{1, 128, 254}));
}

// Adam7: the rows of each of its passes, one after the other.
TEST(Png, ReadsInterlacedPictures) {
  struct Pass {
    int x, y, dx, dy;
  };
  constexpr Pass kPasses[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                              {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  std::mt19937 random(5);
  for (const int channels : {1, 3}) {
    const Image8 image = random_image(11, 9, channels, random);
    std::string rows;
    for (const Pass& pass : kPasses)
      for (int y = pass.y; y < image.height; y += pass.dy) {
        if (pass.x >= image.width) continue;
        rows += '\0';
        for (int x = pass.x; x < image.width; x += pass.dx)
          for (int c = 0; c < channels; ++c)
            rows += static_cast<char>(image.pixels[image.offset(y, x) + static_cast<std::size_t>(c)]);
      }
    EXPECT_EQ(read_bytes(make_png(11, 9, 8, channels == 1 ? 0 : 2, rows, "", true)), image);
  }
}

TEST(Png, SaysWhatAFileIsInstead) {
  const std::string convert =
      "; convert it: convert a.png a-8bit.png; or a whole folder of pictures with scripts/images_to_npy.py";
  EXPECT_EQ(refusal(""), "a.png: byte 0: found an empty file, accepted: a PNG");
  EXPECT_EQ(refusal("hello"), "a.png: byte 0: found no PNG file, accepted: a PNG");
  EXPECT_EQ(refusal("\xff\xd8\xff\xe0 jpeg"), "a.png: byte 0: found a JPEG file, accepted: a PNG" + convert);
  EXPECT_EQ(refusal("GIF89a"), "a.png: byte 0: found a GIF file, accepted: a PNG" + convert);
  EXPECT_EQ(refusal("PK\x03\x04"), "a.png: byte 0: found a zip (.npz) file, accepted: a PNG");
  const TemporaryDirectory directory;
  EXPECT_THROW((void)read_png(directory.file("none.png")), FileError);
  EXPECT_THROW((void)read_png(directory.file("")), FileError);
}

TEST(Png, SaysHowAFileIsDamaged) {
  const std::string whole = make_png(2, 2, 8, 0, std::string("\0\x01\x02\0\x03\x04", 6));
  EXPECT_NE(refusal(whole.substr(0, 20)).find("a damaged PNG: the file ends too soon"), std::string::npos);
  EXPECT_NE(refusal(whole.substr(0, whole.size() - 3)).find("a damaged PNG: the file ends too soon"),
            std::string::npos);
  std::string flipped = whole;
  flipped[flipped.find("IDAT") + 8] ^= 1;
  EXPECT_NE(refusal(flipped).find("a damaged PNG: "), std::string::npos);
  EXPECT_NE(refusal(make_png(2, 2, 8, 0, std::string("\0\x01\x02", 3))).find("a damaged PNG: "),
            std::string::npos);
  EXPECT_EQ(refusal(make_png(2, 1, 8, 3, std::string("\0\x00\x07", 3), chunk("PLTE", "abcdef"))),
            "a.png: byte 0: a damaged PNG: the pixel at row 0, column 1 is colour 7 of a palette of 2");
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
  EXPECT_EQ(
      read_bytes(make_png(2000, 2000, 1, 3, rows, chunk("PLTE", "\xff\xfe\xff\x01\x01\x01"))).pixels.size(),
      std::size_t{3} * 2000 * 2000);
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

}  // namespace
}  // namespace pcnn

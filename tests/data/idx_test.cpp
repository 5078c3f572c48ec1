#include "engine/data/idx.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "tests/data/idx_files.h"

namespace pcnn {
namespace {

Shape shape_of(const ImageSet& images) {
  return {images.count, images.channels, images.height, images.width};
}

std::string write_scratch(const Bytes& bytes) {
  return write_bytes(scratch_directory() + "/images", bytes);
}

// The message of the FormatError these bytes cause.
std::string format_error(const Bytes& bytes) {
  const std::string path = write_scratch(bytes);
  const std::string message = message_of<FormatError>([&] { (void)read_idx_images(path); });
  return message.starts_with(path + ": ") ? message.substr(path.size() + 2) : message;
}

TEST(Idx, ReadsImagesRowByRow) {
  Bytes bytes = idx_header(2, 2, 3);
  for (std::uint8_t value = 0; value < 12; ++value) bytes.push_back(value);
  const ImageSet images = read_idx_images(write_scratch(bytes));
  EXPECT_EQ(shape_of(images), (Shape{2, 1, 2, 3}));
  EXPECT_EQ(images.ids, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(images.image(1)[0], 6);
  EXPECT_EQ(images.image(1)[5], 11);
}

TEST(Idx, GzipEqualsPlain) {
  const Bytes bytes = idx_file(700, 28, 28);  // several buffers long, and it does not compress
  const std::string directory = scratch_directory();
  const ImageSet plain = read_idx_images(write_bytes(directory + "/plain", bytes));
  const ImageSet packed = read_idx_images(write_bytes(directory + "/packed.gz", gzip(bytes)));
  EXPECT_EQ(plain.pixels, packed.pixels);
  EXPECT_EQ(plain.ids, packed.ids);
  EXPECT_EQ(shape_of(plain), shape_of(packed));
  EXPECT_EQ(plain.pixels, pixels_from(bytes, 16));
}

TEST(Idx, ReadsHighlyCompressedImages) {
  Bytes bytes = idx_header(1000, 28, 28);
  bytes.resize(16 + 1000 * 28 * 28, 200);
  EXPECT_EQ(read_idx_images(write_scratch(gzip(bytes))).pixels,
            std::vector<std::uint16_t>(1000 * 28 * 28, 200));
}

TEST(Idx, KnowsGzipByItsBytesNotByItsName) {
  const Bytes bytes = idx_file(3, 4, 5);
  const std::string directory = scratch_directory();
  const ImageSet packed = read_idx_images(write_bytes(directory + "/packed", gzip(bytes)));
  const ImageSet plain = read_idx_images(write_bytes(directory + "/plain.gz", bytes));
  EXPECT_EQ(packed.pixels, plain.pixels);
}

TEST(Idx, ReadsGzipMembersOneAfterAnother) {
  const Bytes bytes = idx_file(3, 4, 5);
  const auto middle = bytes.begin() + 30;
  Bytes packed = gzip(Bytes(bytes.begin(), middle));
  const Bytes second = gzip(Bytes(middle, bytes.end()));
  packed.insert(packed.end(), second.begin(), second.end());
  EXPECT_EQ(read_idx_images(write_scratch(packed)).pixels, pixels_from(bytes, 16));
}

TEST(Idx, ReadsAShapeFromTheHeaderAlone) {
  EXPECT_EQ(read_idx_shape(write_scratch(idx_header(60000, 28, 20))), (Shape{60000, 1, 28, 20}));
}

TEST(Idx, MissingFileAndDirectoryAreFileErrors) {
  const std::string directory = scratch_directory(), missing = directory + "/none";
  EXPECT_EQ(message_of<FileError>([&] { (void)read_idx_images(missing); }),
            missing + ": cannot be read: No such file or directory");
  EXPECT_EQ(message_of<FileError>([&] { (void)read_idx_images(directory); }),
            directory + ": cannot be read: it is a directory, accepted: a regular file");
  EXPECT_EQ(message_of<FileError>([] { (void)read_idx_images("/dev/zero"); }),
            "/dev/zero: cannot be read: it is a device or a socket, accepted: a regular file");
}

// By their first bytes, also behind gzip.
TEST(Idx, NamesWhatIsNoFileOfImages) {
  const std::string accepted = ", accepted: an IDX image file of bytes (magic 0x00000803)";
  const auto error = [](const std::string& text) { return format_error(Bytes(text.begin(), text.end())); };
  EXPECT_EQ(format_error({0, 0, 8, 1, 0, 0, 0, 1, 5}),
            "byte 0: found an IDX label file (magic 0x00000801)" + accepted);
  EXPECT_EQ(format_error(gzip({0, 0, 8, 1, 0, 0, 0, 1, 5})),
            "byte 0: found an IDX label file (magic 0x00000801)" + accepted);
  EXPECT_EQ(error("<html>403 Forbidden</html>"),
            "byte 0: found no IDX image file (magic 0x3c68746d)" + accepted);
  EXPECT_EQ(error("\xff\xd8\xff\xe0 a picture"), "byte 0: found a JPEG file (magic 0xffd8ffe0)" + accepted);
  EXPECT_EQ(error("\x89PNG\r\n\x1a\n"), "byte 0: found a PNG file (magic 0x89504e47)" + accepted);
  EXPECT_EQ(error("PK\3\4"), "byte 0: found a zip (.npz) file (magic 0x504b0304)" + accepted);
  EXPECT_EQ(error(""), "byte 0: found an empty file" + accepted);
  EXPECT_EQ(error("ab"), "byte 0: found no IDX image file" + accepted);
}

TEST(Idx, ReadsLabelsOneForEachImage) {
  const Bytes bytes{0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 255};
  const std::string directory = scratch_directory();
  const auto error = [&](const Bytes& file, int images) {
    const std::string path = write_bytes(directory + "/labels", file);
    return message_of<FormatError>([&] { (void)read_idx_labels(path, images); }).substr(path.size() + 2);
  };
  for (const Bytes& file : {bytes, gzip(bytes)})
    EXPECT_EQ(read_idx_labels(write_bytes(directory + "/labels", file), 3), (std::vector{7, 0, 255}));
  EXPECT_EQ(error(bytes, 4), "byte 4: found 3 labels, accepted: 4, one for each image");
  EXPECT_EQ(error({0, 0, 8, 1, 0, 0, 0, 3, 7}, 3), "byte 9: ends early: its header promises 3 labels");
  EXPECT_EQ(error({0, 0, 8, 1, 0, 0, 0, 1, 7, 8}, 1), "byte 9: goes on after its last label");
  EXPECT_EQ(error({0, 0, 8, 1, 0, 0}, 1), "byte 6: ends inside the IDX header");
  EXPECT_EQ(error(idx_file(1, 2, 2), 1),
            "byte 0: found an IDX image file (magic 0x00000803), accepted: an IDX label file of bytes (magic "
            "0x00000801)");
}

TEST(Idx, RefusesAFileThatEndsInItsHeader) {
  const Bytes bytes = idx_file(1, 1, 1);
  for (const std::size_t size : {1u, 3u, 4u, 15u})
    EXPECT_EQ(format_error(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))),
              "byte " + std::to_string(size) + ": ends inside the IDX header");
}

TEST(Idx, RefusesEmptyAndAbsurdDimensions) {
  const std::uint32_t most = 0xffffffffu;
  const std::vector<std::array<std::uint32_t, 3>> refused = {
      {0, 28, 28},           {10, 0, 28},
      {10, 28, 0},           {0x80000000u, 1, 1},  // one more than an int holds
      {32768, 256, 256},                           // 2^31 bytes
      {60000, 28000, 28000}, {most, most, most},   // overflows 64 bits
      {1, 1 << 15, 1},       {1, 1, 1 << 15}};
  for (const auto& [images, rows, columns] : refused)
    EXPECT_EQ(format_error(idx_header(images, rows, columns)),
              "byte 4: found " + std::to_string(images) + " images of " + std::to_string(rows) + "x" +
                  std::to_string(columns) + ", accepted: at least one, less than 2 GiB in all");
}

TEST(Idx, RefusesMissingPixels) {
  Bytes bytes = idx_file(3, 2, 2);
  bytes.pop_back();
  EXPECT_EQ(format_error(bytes), "byte 27: ends early: its header promises 3 images of 2x2");
}

// Ten gigabytes of pixels and ids are promised, none is given.
TEST(Idx, MemoryGrowsOnlyWithTheBytesThatArrive) {
  const std::string path = write_scratch(idx_header(0x7fffffff, 1, 1));
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  EXPECT_THROW((void)read_idx_images(path), FormatError);
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 200 * 1024);  // KiB
}

TEST(Idx, RefusesBytesAfterTheLastImage) {
  Bytes bytes = idx_file(3, 2, 2);
  bytes.push_back(0);
  EXPECT_EQ(format_error(bytes), "byte 28: goes on after its last image");
  EXPECT_EQ(format_error(gzip(bytes)), "byte 28: goes on after its last image");
}

TEST(Idx, RefusesDamagedGzipData) {
  const Bytes whole = gzip(idx_file(30, 20, 20));
  Bytes cut = whole, wrong_sum = whole, wrong_data = whole;
  cut.resize(cut.size() - 5);
  wrong_sum[wrong_sum.size() - 8] ^= 1;  // the first byte of the CRC
  wrong_data[wrong_data.size() / 2] ^= 1;
  for (const Bytes& bytes : {cut, wrong_sum, wrong_data})
    EXPECT_NE(format_error(bytes).find("its gzip stream is damaged"), std::string::npos)
        << format_error(bytes);
}

// Random cuts, flips and insertions of valid files: they load as what their header says, or throw one of our
// errors.
TEST(Idx, AnyBytesLoadOrThrow) {
  std::mt19937 random(20240817);
  const std::string path = scratch_directory() + "/images";
  const auto below = [&](std::size_t bound) { return static_cast<std::ptrdiff_t>(random() % bound); };
  int loaded = 0, refused = 0;
  for (int round = 0; round < 1000; ++round) {
    Bytes bytes = idx_file(1 + random() % 4, 1 + random() % 4, 1 + random() % 4, random());
    if (round % 2 == 1) bytes = gzip(bytes);
    for (auto edits = below(4); edits > 0 && !bytes.empty(); --edits) {
      const std::size_t front = random() % 2 == 0 ? std::min<std::size_t>(20, bytes.size()) : bytes.size();
      switch (random() % 4) {
        case 0:
          bytes.resize(static_cast<std::size_t>(below(bytes.size())));
          break;
        case 1:
          bytes.insert(bytes.begin() + below(front), static_cast<std::uint8_t>(random()));
          break;
        default:
          bytes[static_cast<std::size_t>(below(front))] ^= static_cast<std::uint8_t>(1u << random() % 8);
      }
    }
    write_bytes(path, bytes);
    try {
      const ImageSet images = read_idx_images(path);
      EXPECT_EQ(images.pixels.size(), shape_of(images).size());
      EXPECT_EQ(images.ids.size(), static_cast<std::size_t>(images.count));
      EXPECT_GT(images.count, 0);
      ++loaded;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(loaded, 150);
  EXPECT_GT(refused, 150);
}

}  // namespace
}  // namespace pcnn

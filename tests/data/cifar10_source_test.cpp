#include "engine/data/cifar10_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/published.h"
#include "tests/data/idx_files.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

constexpr std::size_t kRecord = 3073, kValues = 3072;

Bytes batch(int images, std::uint64_t seed) {
  testing::Random random(seed);
  Bytes bytes;
  for (int image = 0; image < images; ++image) {
    bytes.push_back(static_cast<std::uint8_t>(random.between(0, 9)));
    for (std::size_t i = 0; i < kValues; ++i)
      bytes.push_back(static_cast<std::uint8_t>(random.between(0, 255)));
  }
  return bytes;
}

std::string train_file(const std::string& directory, int number) {
  return directory + "/data_batch_" + std::to_string(number) + ".bin";
}

// Train batches of 1 to 5 images and a test batch of 2; the seed of a batch is its number of images.
std::string made_up() {
  const std::string directory = scratch_directory();
  for (int number = 1; number <= 5; ++number)
    write_bytes(train_file(directory, number), batch(number, static_cast<std::uint64_t>(number)));
  write_bytes(directory + "/test_batch.bin", batch(2, 2));
  return directory;
}

std::string error_of(const std::string& directory, Part part = Part::kTest) {
  return message_of<Error>([&] { (void)Cifar10Source(directory).read(part); });
}

TEST(Cifar10Source, ReadsTheBatchesOneAfterAnother) {
  const Cifar10Source source(made_up());
  const ImageSet train = source.read(Part::kTrain);
  EXPECT_EQ((Shape{train.count, train.channels, train.height, train.width}), (Shape{15, 3, 32, 32}));
  EXPECT_EQ(train.values, 256);
  EXPECT_EQ(train.ids, ids_in_order(15));
  int image = 0;
  for (int number = 1; number <= 5; ++number) {
    const Bytes bytes = batch(number, static_cast<std::uint64_t>(number));
    for (std::size_t at = 0; at < bytes.size(); at += kRecord, ++image)
      for (std::size_t i = 0; i < kValues; ++i) ASSERT_EQ(train.image(image)[i], bytes[at + 1 + i]);
  }
  EXPECT_EQ(source.read(Part::kTest).count, 2);
}

TEST(Cifar10Source, ShapeNeedsNoFile) {
  EXPECT_EQ(Cifar10Source("nowhere").shape(), (Shape{1, 3, 32, 32}));
}

TEST(Cifar10Source, RefusesFilesThatEndInsideARecord) {
  const std::string directory = made_up(), path = directory + "/test_batch.bin";
  const auto error = [&](std::size_t size) {
    Bytes bytes = batch(3, 1);
    bytes.resize(size);
    write_bytes(path, bytes);
    return error_of(directory);
  };
  for (const std::size_t size : {std::size_t{1}, kRecord - 1, kRecord + 2, 2 * kRecord + 5}) {
    EXPECT_EQ(error(size), path + ": byte " + std::to_string(size / kRecord * kRecord) + ": found " +
                               std::to_string(size) +
                               " bytes in all, accepted: a multiple of 3073 (a label and 3072 values)");
  }
  EXPECT_EQ(error(0),
            path + ": byte 0: found an empty file, accepted: CIFAR-10 records, a label and 3072 values each");
  EXPECT_EQ(error(2 * kRecord), "no error");
}

TEST(Cifar10Source, RefusesLabelsAboveNine) {
  const std::string directory = made_up(), path = train_file(directory, 4);
  Bytes bytes = batch(4, 4);
  bytes[2 * kRecord] = 10;
  write_bytes(path, bytes);
  EXPECT_EQ(error_of(directory, Part::kTrain), path + ": byte 6146: found label 10, accepted: 0 to 9");
  bytes[2 * kRecord] = 9;
  write_bytes(path, bytes);
  EXPECT_EQ(error_of(directory, Part::kTrain), "no error");
}

TEST(Cifar10Source, GivesLabelsByTheirNamesWhereAskedTo) {
  const std::string directory = made_up();
  EXPECT_TRUE(Cifar10Source(directory).read(Part::kTrain).labels.empty());
  const ImageSet train = Cifar10Source(directory, true).read(Part::kTrain);
  ASSERT_EQ(train.labels.size(), 15u);
  const Bytes last = batch(5, 5);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(train.labels[10 + i], last[i * kRecord]);
  ASSERT_EQ(train.label_names.size(), 10u);
  EXPECT_EQ(train.label_names[0], "airplane");
  EXPECT_EQ(train.label_names[9], "truck");
}

TEST(Cifar10Source, KnowsCifar100ByItsFilesAndItsRecords) {
  const std::string directory = scratch_directory(), path = directory + "/test_batch.bin";
  write_bytes(directory + "/test.bin", Bytes(2 * 3074));
  EXPECT_EQ(error_of(directory),
            path +
                ": not found: train.bin and test.bin beside it are those of CIFAR-100, whose "
                "records are others; accepted: the \"CIFAR-10 binary version\": " +
                remedy_for_missing(DatasetKind::kCifar10, directory));
  std::filesystem::rename(directory + "/test.bin", path);
  EXPECT_EQ(error_of(directory), path +
                                     ": byte 0: found 6148 bytes in all, which are records of CIFAR-100 "
                                     "(3074 bytes, of two labels and 3072 "
                                     "values), accepted: those of CIFAR-10 (3073 bytes, of one label)");
}

TEST(Cifar10Source, KnowsThePythonVersionAndOtherFormats) {
  const std::string directory = scratch_directory(), path = directory + "/test_batch.bin";
  write_bytes(directory + "/test_batch", Bytes(10));
  EXPECT_EQ(error_of(directory),
            path +
                ": not found: test_batch beside it is of the Python version; accepted: the "
                "\"CIFAR-10 binary version\": " +
                remedy_for_missing(DatasetKind::kCifar10, directory));
  write_bytes(path, gzip(Bytes(kRecord)));
  EXPECT_EQ(error_of(directory),
            path + ": byte 0: found a gzip file, accepted: CIFAR-10 records, a label and 3072 values each");
}

TEST(Cifar10Source, AMissingFileSaysWhereToGetIt) {
  const std::string directory = made_up();
  std::filesystem::remove(train_file(directory, 3));
  EXPECT_EQ(error_of(directory, Part::kTrain), train_file(directory, 3) +
                                                   ": not found: run scripts/fetch_data.sh cifar10 " +
                                                   directory + ", or set data.directory");
}

}  // namespace
}  // namespace pcnn

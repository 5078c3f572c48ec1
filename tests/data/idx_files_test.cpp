#include "engine/data/idx_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/idx_source.h"
#include "tests/data/idx_files.h"

namespace pcnn {
namespace {

DataConfig config_of(const std::string& directory, bool labels = false, const std::string& prefix = "") {
  DataConfig config;
  config.dataset = DatasetKind::kIdx;
  config.directory = directory;
  config.labels = labels;
  config.prefix = prefix;
  return config;
}

Bytes label_file(const Bytes& labels) {
  Bytes bytes{0, 0, 8, 1};
  append_uint32(bytes, static_cast<std::uint32_t>(labels.size()));
  bytes.insert(bytes.end(), labels.begin(), labels.end());
  return bytes;
}

std::string error_of(const DataConfig& config, Part part = Part::kTest) {
  return message_of<Error>([&] { (void)IdxSource(config).read(part); });
}

TEST(IdxFiles, FindsEveryUsualNameInItsOrder) {
  const std::string directory = scratch_directory();
  // The last of these is the first choice.
  const std::vector<std::string> names{"test-images.idx3-ubyte.gz", "test-images.idx3-ubyte",
                                       "test-images-idx3-ubyte.gz", "test-images-idx3-ubyte",
                                       "t10k-images.idx3-ubyte.gz", "t10k-images.idx3-ubyte",
                                       "t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte"};
  const auto find = [&] { return find_idx_file(directory, "", Part::kTest, IdxContent::kImages); };
  EXPECT_EQ(find(), std::nullopt);
  for (const std::string& name : names) {
    const Bytes bytes = idx_file(1, 2, 2);
    write_bytes(directory + "/" + name, name.ends_with(".gz") ? gzip(bytes) : bytes);
    EXPECT_EQ(find(), directory + "/" + name);
    EXPECT_EQ(IdxSource(config_of(directory)).read(Part::kTest).count, 1) << name;
  }
  write_bytes(directory + "/train-labels.idx1-ubyte.gz", {});
  EXPECT_EQ(find_idx_file(directory, "", Part::kTrain, IdxContent::kLabels),
            directory + "/train-labels.idx1-ubyte.gz");
}

// As archives of MNIST unpack.
TEST(IdxFiles, PassesOverAFolderByTheName) {
  const std::string directory = scratch_directory();
  std::filesystem::create_directory(directory + "/train-images-idx3-ubyte");
  write_bytes(directory + "/train-images.idx3-ubyte", idx_file(2, 3, 3));
  EXPECT_EQ(IdxSource(config_of(directory)).read(Part::kTrain).count, 2);
}

TEST(IdxFiles, FindsThePrefixOfOneDataSetAndAsksAmongSeveral) {
  const std::string directory = scratch_directory();
  write_bytes(directory + "/emnist-letters-train-images-idx3-ubyte.gz", gzip(idx_file(3, 2, 2)));
  write_bytes(directory + "/emnist-letters-test-images-idx3-ubyte", idx_file(2, 2, 2));
  write_bytes(directory + "/emnist-letters-mapping.txt", {});
  EXPECT_EQ(find_idx_prefix(directory), "emnist-letters");
  const IdxSource letters(config_of(directory));
  EXPECT_EQ(letters.read(Part::kTrain).count, 3);
  EXPECT_EQ(letters.read(Part::kTest).count, 2);
  EXPECT_EQ(letters.note(),
            "EMNIST stores its images with rows and columns exchanged; they are taken as stored");

  write_bytes(directory + "/emnist-digits-test-images-idx3-ubyte", idx_file(4, 2, 2));
  EXPECT_EQ(error_of(config_of(directory)),
            "data.prefix: missing: " + directory +
                " holds IDX files of 2 data sets, accepted: one of emnist-digits, emnist-letters");
  EXPECT_EQ(IdxSource(config_of(directory, false, "emnist-digits")).read(Part::kTest).count, 4);
  EXPECT_EQ(IdxSource(config_of(directory, false, "emnist-digits")).title(),
            "IDX files emnist-digits in " + directory + ",");
  EXPECT_NE(error_of(config_of(directory, false, "emnist-digits"), Part::kTrain)
                .find("/emnist-digits-train-images-idx3-ubyte: not found, nor with .gz: "),
            std::string::npos);
  // Names without a prefix are what an empty one means.
  write_bytes(directory + "/t10k-images-idx3-ubyte", idx_file(5, 2, 2));
  EXPECT_EQ(IdxSource(config_of(directory)).read(Part::kTest).count, 5);
  EXPECT_EQ(IdxSource(config_of(directory)).note(), "");
}

TEST(IdxFiles, ReadsLabelsWhereAskedTo) {
  const std::string directory = scratch_directory();
  write_bytes(directory + "/test-images.idx3-ubyte", idx_file(3, 28, 28));
  EXPECT_TRUE(IdxSource(config_of(directory)).read(Part::kTest).labels.empty());
  EXPECT_EQ(error_of(config_of(directory, true)),
            directory + "/t10k-labels-idx1-ubyte: not found, but data.labels: true needs it");
  write_bytes(directory + "/test-labels.idx1-ubyte.gz", gzip(label_file({7, 0, 9})));
  const ImageSet images = IdxSource(config_of(directory, true)).read(Part::kTest);
  EXPECT_EQ(images.labels, (std::vector{7, 0, 9}));
  EXPECT_TRUE(images.label_names.empty());

  DataConfig fashion = config_of(directory, true);
  fashion.dataset = DatasetKind::kFashionMnist;
  EXPECT_EQ(IdxSource(fashion).read(Part::kTest).label_names.at(9), "Ankle boot");
  write_bytes(directory + "/test-labels.idx1-ubyte.gz", gzip(label_file({7, 0})));
  EXPECT_EQ(
      error_of(config_of(directory, true)),
      directory + "/test-labels.idx1-ubyte.gz: byte 4: found 2 labels, accepted: 3, one for each image");
}

}  // namespace
}  // namespace pcnn

#include "engine/data/published.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/data/image_source.h"
#include "tests/data/idx_files.h"

namespace pcnn {
namespace {

const std::string kPackage = "/usr/share/datasets/fashion-mnist";

TEST(PublishedDataset, NoneIsOfTheUsersOwnFiles) {
  for (const DatasetKind dataset : {DatasetKind::kIdx, DatasetKind::kNpy, DatasetKind::kPng})
    EXPECT_EQ(published_dataset(dataset), nullptr);
}

TEST(PublishedDataset, TheCommandNamesADirectoryThatIsNotTheDefault) {
  using enum DatasetKind;
  EXPECT_EQ(remedy_for_missing(kMnist, "data/mnist"),
            "run scripts/fetch_data.sh mnist, or set data.directory");
  EXPECT_EQ(remedy_for_missing(kFashionMnist, kPackage),
            "run scripts/fetch_data.sh fashion-mnist, or set data.directory");
  EXPECT_EQ(remedy_for_missing(kCifar10, "data/cifar-10-batches-bin"),
            "run scripts/fetch_data.sh cifar10, or set data.directory");
  EXPECT_EQ(remedy_for_missing(kCifar10, "/my data"),
            "run scripts/fetch_data.sh cifar10 '/my data', or set data.directory");
}

TEST(PublishedDataset, FashionIsLookedForWhereTheScriptPutsItToo) {
  using Folders = std::vector<std::string>;
  EXPECT_EQ(folders_of(DatasetKind::kFashionMnist, kPackage), (Folders{kPackage, "data/fashion-mnist"}));
  EXPECT_EQ(folders_of(DatasetKind::kFashionMnist, "elsewhere"), (Folders{"elsewhere"}));
  EXPECT_EQ(folders_of(DatasetKind::kMnist, kPackage), (Folders{kPackage}));
}

// The command in the message and the config that asked then meet in one folder.
TEST(PublishedDataset, AFetchedFashionIsReadWithoutAWordInTheConfig) {
  if (std::filesystem::exists(kPackage)) GTEST_SKIP() << "Debian's dataset-fashion-mnist comes first";
  const std::string directory = scratch_directory();
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::create_directories(directory + "/data/fashion-mnist");
  DataConfig config;
  config.dataset = DatasetKind::kFashionMnist;
  config.directory = kPackage;
  std::filesystem::current_path(directory);
  const std::string missing =
      message_of<FileError>([&] { (void)make_image_source(config)->read(Part::kTest); });
  write_bytes("data/fashion-mnist/t10k-images-idx3-ubyte", idx_file(3, 28, 28, 1));
  const int count = make_image_source(config)->read(Part::kTest).count;
  std::filesystem::current_path(before);
  EXPECT_EQ(missing, kPackage +
                         "/t10k-images-idx3-ubyte: not found, nor with .gz, nor in data/fashion-mnist: run "
                         "scripts/fetch_data.sh fashion-mnist, or set data.directory");
  EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace pcnn

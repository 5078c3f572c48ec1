#include "engine/data/cifar10_source.h"

#include <fmt/format.h>

#include <filesystem>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/published.h"
#include "engine/io/file.h"
#include "engine/io/signature.h"

namespace pcnn {
namespace {

constexpr int kChannels = 3, kSide = 32;
constexpr std::size_t kRecordBytes = 1 + std::size_t{kChannels} * kSide * kSide;
constexpr int kLargestLabel = 9;
constexpr std::size_t kCifar100RecordBytes = kRecordBytes + 1;  // a coarse and a fine label

// As published.
constexpr const char* kClasses[]{"airplane", "automobile", "bird",  "cat",  "deer",
                                 "dog",      "frog",       "horse", "ship", "truck"};

std::vector<std::string> files_of(Part part) {
  if (part == Part::kTest) return {"test_batch.bin"};
  return {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
}

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// Says what lies in the directory in place of the file.
[[noreturn]] void refuse_missing(const std::filesystem::path& path) {
  const std::filesystem::path directory = path.parent_path();
  std::string found;
  if (is_there(directory / "train.bin") || is_there(directory / "test.bin"))
    found =
        "train.bin and test.bin beside it are those of CIFAR-100, whose records are others; accepted: the "
        "\"CIFAR-10 binary version\": ";
  else if (is_there(directory / path.stem()))
    found = path.stem().string() +
            " beside it is of the Python version; accepted: the \"CIFAR-10 binary version\": ";
  throw FileError(path.string(),
                  "not found: " + found + remedy_for_missing(DatasetKind::kCifar10, directory.string()));
}

void check_size(const std::string& path, std::span<const std::byte> bytes) {
  if (!bytes.empty() && bytes.size() % kRecordBytes == 0) return;
  if (bytes.empty() || !format_of(bytes).empty())
    throw FormatError(path, 0,
                      "found " + found_instead(bytes, "CIFAR-10") +
                          ", accepted: CIFAR-10 records, a label and " + std::to_string(kRecordBytes - 1) +
                          " values each");
  if (bytes.size() % kCifar100RecordBytes == 0)
    throw FormatError(
        path, 0,
        fmt::format("found {} bytes in all, which are records of CIFAR-100 ({} bytes, of two labels "
                    "and {} values), accepted: those of CIFAR-10 ({} bytes, of one label)",
                    bytes.size(), kCifar100RecordBytes, kRecordBytes - 1, kRecordBytes));
  throw FormatError(path, bytes.size() / kRecordBytes * kRecordBytes,
                    fmt::format("found {} bytes in all, accepted: a multiple of {} (a label and {} values)",
                                bytes.size(), kRecordBytes, kRecordBytes - 1));
}

void append_batch(const std::string& path, ImageSet& images) {
  if (!is_there(path)) refuse_missing(path);
  const std::vector<std::byte> bytes = read_file(path);
  check_size(path, bytes);
  const std::size_t count = bytes.size() / kRecordBytes;
  if (!is_image_shape(static_cast<std::uint64_t>(images.count) + count, kChannels, kSide, kSide))
    throw FormatError(path, 0, fmt::format("found {} images, accepted: {}", count, kAcceptedImageShape));
  for (std::size_t at = 0; at < bytes.size(); at += kRecordBytes) {
    const int label = static_cast<int>(bytes[at]);
    if (label > kLargestLabel)
      throw FormatError(path, at, fmt::format("found label {}, accepted: 0 to {}", label, kLargestLabel));
    images.labels.push_back(label);
    for (std::size_t i = 1; i < kRecordBytes; ++i)
      images.pixels.push_back(static_cast<std::uint16_t>(bytes[at + i]));
  }
  images.count += static_cast<int>(count);
}

}  // namespace

std::string Cifar10Source::title() const {
  return std::string(published_dataset(DatasetKind::kCifar10)->title);
}

std::uint64_t Cifar10Source::shape_at() const {
  return 0;  // no file tells it
}

ImageSet Cifar10Source::read(Part part) const {
  ImageSet images{.name = directory_, .count = 0, .channels = kChannels, .height = kSide, .width = kSide};
  for (const std::string& file : files_of(part))
    append_batch((std::filesystem::path(directory_) / file).string(), images);
  images.ids = ids_in_order(images.count);
  if (with_labels_)
    images.label_names.assign(std::begin(kClasses), std::end(kClasses));
  else
    images.labels.clear();
  return images;
}

Shape Cifar10Source::shape() const {
  return {1, kChannels, kSide, kSide};
}

}  // namespace pcnn

#include "engine/data/cifar10_source.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "engine/core/error.h"
#include "engine/io/file.h"

namespace pcnn {
namespace {

constexpr int kChannels = 3, kSide = 32;
constexpr std::size_t kRecordBytes = 1 + std::size_t{kChannels} * kSide * kSide;
constexpr int kLargestLabel = 9;

std::vector<std::string> files_of(Part part) {
  if (part == Part::kTest) return {"test_batch.bin"};
  return {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
}

void append_batch(const std::string& path, ImageSet& images) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw FileError(path,
                    "not found: get the \"CIFAR-10 binary version\" from the University of Toronto's CIFAR "
                    "page, unpack it, and set data.directory to the folder that holds data_batch_1.bin");
  const std::vector<std::byte> bytes = read_file(path);
  const std::size_t count = bytes.size() / kRecordBytes;
  if (count == 0 || bytes.size() % kRecordBytes != 0)
    throw FormatError(path, count * kRecordBytes,
                      fmt::format("found {} bytes in all, accepted: a multiple of {} (a label and {} values)",
                                  bytes.size(), kRecordBytes, kRecordBytes - 1));
  if (!is_image_shape(static_cast<std::uint64_t>(images.count) + count, kChannels, kSide, kSide))
    throw FormatError(path, 0, fmt::format("found {} images, accepted: {}", count, kAcceptedImageShape));
  for (std::size_t at = 0; at < bytes.size(); at += kRecordBytes) {
    if (const int label = static_cast<int>(bytes[at]); label > kLargestLabel)
      throw FormatError(path, at, fmt::format("found label {}, accepted: 0 to {}", label, kLargestLabel));
    for (std::size_t i = 1; i < kRecordBytes; ++i)
      images.pixels.push_back(static_cast<std::uint16_t>(bytes[at + i]));
  }
  images.count += static_cast<int>(count);
}

}  // namespace

std::string Cifar10Source::title() const {
  return "CIFAR-10";
}

std::uint64_t Cifar10Source::shape_at() const {
  return 0;  // no file tells it
}

ImageSet Cifar10Source::read(Part part) const {
  ImageSet images{.name = directory_, .count = 0, .channels = kChannels, .height = kSide, .width = kSide};
  for (const std::string& file : files_of(part))
    append_batch((std::filesystem::path(directory_) / file).string(), images);
  images.ids = ids_in_order(images.count);
  return images;
}

Shape Cifar10Source::shape() const {
  return {1, kChannels, kSide, kSide};
}

}  // namespace pcnn

#pragma once

// Made-up data sets in files, and their configs.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "tests/data/idx_files.h"
#include "tests/data/random_images.h"

namespace pcnn {

inline DataConfig config_of(DatasetKind dataset, const std::string& directory) {
  DataConfig config;
  config.dataset = dataset;
  config.directory = directory;
  return config;
}

// "12x1x3x4".
inline std::string size_of(const ImageSet& images) {
  return Shape{images.count, images.channels, images.height, images.width}.text();
}

inline std::string description(const DataConfig& config, int count, std::string_view split) {
  ImageSet images;
  images.count = count;
  return describe_split(config, images, split);
}

inline constexpr std::uint32_t kTrainFileImages = 50, kTestFileImages = 12;

// A directory with 50 train and 12 test images of 3x4, and a config which holds out 10 of the first.
inline DataConfig made_up() {
  const std::string directory = scratch_directory();
  write_bytes(directory + "/train-images-idx3-ubyte", idx_file(kTrainFileImages, 3, 4, 1));
  write_bytes(directory + "/t10k-images-idx3-ubyte.gz", gzip(idx_file(kTestFileImages, 3, 4, 2)));
  DataConfig config = config_of(DatasetKind::kIdx, directory);
  config.validation_images = 10;
  return config;
}

// A train file and a test file of these images.
inline DataConfig npy_of(const ImageSet& train, const ImageSet& test) {
  const std::string directory = scratch_directory();
  for (const auto& [name, images] : {std::pair("/train.npy", &train), {"/test.npy", &test}})
    write_npy(directory + name, {images->count, images->channels, images->height, images->width},
              std::vector<std::uint8_t>(images->pixels.begin(), images->pixels.end()));
  DataConfig config = config_of(DatasetKind::kNpy, directory);
  config.validation_images = 10;
  return config;
}

// Image `to` of dst becomes image `from` of src.
inline void copy_image(const ImageSet& src, int from, ImageSet& dst, int to) {
  std::ranges::copy(src.image(from), dst.pixels.begin() + to * static_cast<std::ptrdiff_t>(dst.image_size()));
}

// Writes images `first` to before `end` as numbered files of a folder.
inline void write_pngs(const std::string& folder, const ImageSet& images, int first, int end) {
  std::filesystem::create_directories(folder);
  for (int i = first; i < end; ++i)
    write_png(folder + "/" + std::to_string(i) + ".png",
              {.width = images.width,
               .height = images.height,
               .channels = 1,
               .pixels = {images.image(i).begin(), images.image(i).end()}});
}

inline std::vector<std::uint32_t> range(std::uint32_t first, std::uint32_t count) {
  std::vector<std::uint32_t> ids(count);
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

}  // namespace pcnn

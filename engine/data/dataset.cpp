#include "engine/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/data/batches.h"
#include "engine/data/idx.h"

namespace pcnn {
namespace {

constexpr std::string_view kTrainFile = "train-images-idx3-ubyte";
constexpr std::string_view kTestFile = "t10k-images-idx3-ubyte";
constexpr int kNamedSide = 28;  // rows and columns of MNIST and Fashion-MNIST

struct Known {
  std::string_view title;
  std::string_view remedy;  // for a missing file
};

Known known(DatasetKind dataset) {
  switch (dataset) {
    case DatasetKind::kMnist:
      return {"MNIST", "run scripts/fetch_data.sh mnist, or set data.directory"};
    case DatasetKind::kFashionMnist:
      return {"Fashion-MNIST", "run apt-get install dataset-fashion-mnist, or set data.directory"};
    case DatasetKind::kIdx:
      break;
  }
  return {"IDX", "data.directory must hold train-images-idx3-ubyte and t10k-images-idx3-ubyte (or .gz)"};
}

std::string image_path(const DataConfig& config, std::string_view file) {
  const std::string path = (std::filesystem::path(config.directory) / file).string();
  if (!find_idx(path))
    throw FileError(path, fmt::format("not found, nor with .gz: {}", known(config.dataset).remedy));
  return path;
}

ImageSet read_images(const DataConfig& config, std::string_view file) {
  const std::string path = image_path(config, file);
  ImageSet images = read_idx_images(path);
  // The name goes into every result, so it must not stand for other images.
  if (config.dataset != DatasetKind::kIdx && (images.height != kNamedSide || images.width != kNamedSide))
    throw FormatError(
        *find_idx(path), 8,
        fmt::format("found images of {}x{}, {} has {}x{} (data.dataset: idx takes any size)", images.height,
                    images.width, known(config.dataset).title, kNamedSide, kNamedSide));
  return images;
}

ImageSet read_test(const DataConfig& config) {
  ImageSet test = read_images(config, kTestFile);
  test.name = "test";
  for (std::uint32_t& id : test.ids) id |= ImageSet::kTestId;
  return test;
}

// The train file's positions: those of validation at the end, both parts in the file's order.
std::vector<int> split_order(const DataConfig& config, int count) {
  std::vector<int> order(static_cast<std::size_t>(count));
  if (config.validation_choice == ValidationChoice::kLast) {
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
  order = permutation(count, RandomStream(config.split_seed, Stream::kSplit), 0);
  std::sort(order.begin(), order.end() - config.validation_images);
  std::sort(order.end() - config.validation_images, order.end());
  return order;
}

// How many of the images there are to train on.
std::size_t train_count(const DataConfig& config, int available) {
  if (config.train_images && *config.train_images > available)
    throw ConfigError(
        fmt::format("data.train_images: found {}, accepted: at most {}, the images there are to train on",
                    *config.train_images, available));
  return static_cast<std::size_t>(config.train_images.value_or(available));
}

void split_train_file(const DataConfig& config, Dataset& data) {
  const ImageSet all = read_images(config, kTrainFile);
  if (config.validation_images >= all.count)
    throw ConfigError(
        fmt::format("data.validation_images: found {}, accepted: less than the {} images of the train file",
                    config.validation_images, all.count));
  if (all.height != data.test.height || all.width != data.test.width)
    throw FormatError(*find_idx(image_path(config, kTestFile)), 8,
                      fmt::format("found images of {}x{}, but those of {} are {}x{}", data.test.height,
                                  data.test.width, kTrainFile, all.height, all.width));

  const std::vector<int> order = split_order(config, all.count);
  const int rest = all.count - config.validation_images;
  data.train = select(all, std::span(order).first(train_count(config, rest)));
  data.train.name = "train";
  data.validation = select(all, std::span(order).subspan(static_cast<std::size_t>(rest)));
  data.validation.name = "validation";
}

void train_on_test(const DataConfig& config, Dataset& data) {
  std::vector<int> order(train_count(config, data.test.count));
  std::iota(order.begin(), order.end(), 0);
  data.train = select(data.test, order);
  data.validation = data.test;
  data.note =
      "trained and validated on the test split (data.train_on: test): these scores say how well its images "
      "are memorised, and compare only with others made this way";
}

// 10000 -> "10,000".
std::string grouped(int count) {
  std::string digits = std::to_string(count);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

}  // namespace

Dataset load_dataset(const DataConfig& config) {
  Dataset data{.train = {}, .validation = {}, .test = read_test(config), .note = {}};
  if (config.train_on == TrainOn::kTest)
    train_on_test(config, data);
  else
    split_train_file(config, data);
  return data;
}

Shape dataset_shape(const DataConfig& config) {
  if (config.dataset != DatasetKind::kIdx) return {1, 1, kNamedSide, kNamedSide};
  Shape shape = read_idx_shape(image_path(config, kTestFile));
  shape.n = 1;
  return shape;
}

std::string describe_split(const DataConfig& config, const ImageSet& images, std::string_view split) {
  std::string title(known(config.dataset).title);
  if (config.dataset == DatasetKind::kIdx) title += " files in " + config.directory + ",";
  // Under this protocol there is no other split, whatever role it plays.
  if (config.train_on == TrainOn::kTest) split = "test";
  std::string text = fmt::format("{} {} split, {} {}", title, split, grouped(images.count),
                                 images.count == 1 ? "image" : "images");
  if (split == "validation")
    text += config.validation_choice == ValidationChoice::kLast
                ? " (the last of the train file)"
                : fmt::format(" (chosen from the train file with seed {})", config.split_seed);
  return text;
}

}  // namespace pcnn

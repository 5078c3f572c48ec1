#include "engine/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/data/batches.h"
#include "engine/data/colour.h"
#include "engine/data/image_source.h"
#include "engine/data/overlap.h"

namespace pcnn {
namespace {

ImageSet read_test(const ImageSource& source) {
  ImageSet test = source.read(Part::kTest);
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

// "28x20", or "3 channels of 32x32".
std::string size_of(const ImageSet& images) {
  const std::string area = fmt::format("{}x{}", images.height, images.width);
  return images.channels == 1 ? area : fmt::format("{} channels of {}", images.channels, area);
}

void split_train_file(const DataConfig& config, const ImageSource& source, Dataset& data) {
  const ImageSet all = source.read(Part::kTrain);
  if (config.validation_images >= all.count)
    throw ConfigError(
        fmt::format("data.validation_images: found {}, accepted: less than the {} images of the train file",
                    config.validation_images, all.count));
  if (size_of(all) != size_of(data.test))
    throw FormatError(data.test.name, source.shape_at(),
                      fmt::format("found images of {}, but those of {} are {}", size_of(data.test),
                                  std::filesystem::path(all.name).filename().string(), size_of(all)));

  const std::vector<int> order = split_order(config, all.count);
  const int rest = all.count - config.validation_images;
  data.train = select(all, std::span(order).first(train_count(config, rest)));
  data.validation = select(all, std::span(order).subspan(static_cast<std::size_t>(rest)));
  data.train.name = "train";
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

// What there is to say of test images that are trained or validated on. Throws where that is not asked for:
// the scores would be better than what they claim to measure.
std::string overlap_note(const DataConfig& config, const Dataset& data) {
  const Overlap overlap = find_overlap(data.test, data.train, data.validation);
  if (overlap.count == 0) return {};
  const std::string found =
      fmt::format("{} of the {} test images {} also in the train file", grouped(overlap.count),
                  grouped(data.test.count), overlap.count == 1 ? "is" : "are");
  if (config.dataset == DatasetKind::kCifar10)
    return found + ", as published: their scores say how well they are remembered";
  if (!config.allow_test_in_train)
    throw ConfigError(fmt::format(
        "{}: {}, the first of them: test image {} equals image {} of the train file, both counted "
        "from 0; data.allow_test_in_train: true trains anyway and marks every result",
        config.directory, found, overlap.test & ~ImageSet::kTestId, overlap.train));
  return found + " (data.allow_test_in_train: true): their scores say how well they are remembered";
}

void require_grey(int channels) {
  if (channels != 1)
    throw ConfigError(fmt::format(
        "data.colour: found true for images of {} channels, accepted: false, or images of one channel",
        channels));
}

}  // namespace

Dataset load_dataset(const DataConfig& config) {
  const std::unique_ptr<const ImageSource> source = make_image_source(config);
  Dataset data{.train = {}, .validation = {}, .test = read_test(*source), .note = {}};
  if (config.colour) require_grey(data.test.channels);
  if (config.train_on == TrainOn::kTrain) {
    split_train_file(config, *source, data);
    data.note = overlap_note(config, data);
  }
  data.test.name = "test";
  if (config.train_on == TrainOn::kTest) train_on_test(config, data);
  if (const std::string note = source->note(); !note.empty())
    data.note = data.note.empty() ? note : note + "; " + data.note;
  if (config.colour)
    for (ImageSet* images : {&data.train, &data.validation, &data.test})
      *images = coloured(*images, config.colour_seed);
  return data;
}

Shape dataset_shape(const DataConfig& config) {
  Shape shape = make_image_source(config)->shape();
  if (!config.colour) return shape;
  require_grey(shape.c);
  shape.c = 3;
  return shape;
}

std::string describe_split(const DataConfig& config, const ImageSet& images, std::string_view split) {
  // Under this protocol there is no other split, whatever role it plays.
  if (config.train_on == TrainOn::kTest) split = "test";
  std::string text = fmt::format("{} {} split", make_image_source(config)->title(), split);
  if (config.colour) text += fmt::format(" (coloured, seed {})", config.colour_seed);
  text += fmt::format(", {} {}", grouped(images.count), images.count == 1 ? "image" : "images");
  if (split == "validation")
    text += config.validation_choice == ValidationChoice::kLast
                ? " (the last of the train file)"
                : fmt::format(" (chosen from the train file with seed {})", config.split_seed);
  return text;
}

}  // namespace pcnn

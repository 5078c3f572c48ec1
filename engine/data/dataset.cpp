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
#include "engine/core/memory.h"
#include "engine/data/colour.h"
#include "engine/data/condition_file.h"
#include "engine/data/image_source.h"
#include "engine/data/overlap.h"
#include "engine/data/split.h"

namespace pcnn {
namespace {

void mark_as_test(ImageSet& images) {
  for (std::uint32_t& id : images.ids) id |= ImageSet::kTestId;
}

void append_line(std::string& text, const std::string& line) {
  if (!line.empty()) text += (text.empty() ? "" : "; ") + line;
}

// "28x20", or "3 channels of 32x32".
std::string size_of(const ImageSet& images) {
  const std::string area = fmt::format("{}x{}", images.height, images.width);
  return images.channels == 1 ? area : fmt::format("{} channels of {}", images.channels, area);
}

void require_one_size(const ImageSource& source, const ImageSet& train, const ImageSet& test) {
  if (size_of(train) != size_of(test))
    throw FormatError(test.name, source.shape_at(),
                      fmt::format("found images of {}, but those of {} are {}", size_of(test),
                                  std::filesystem::path(train.name).filename().string(), size_of(train)));
}

ImageSet read_part(const DataConfig& config, const ImageSource& source, Part part) {
  ImageSet images = source.read(part);
  const char* const file = part == Part::kTrain ? "train_condition.npy" : "test_condition.npy";
  if (config.condition) read_condition((std::filesystem::path(config.directory) / file).string(), images);
  return images;
}

// Test images are there already, unless the source has none.
void split_train_file(const DataConfig& config, const ImageSource& source, Dataset& data) {
  const bool takes_test = !source.has_test();
  const ImageSet all = read_part(config, source, Part::kTrain);
  if (!takes_test) require_one_size(source, all, data.test);
  append_line(data.passed_over, all.passed_over);

  // Those that are read, and their copies in the splits.
  require_memory(
      2.0 * sizeof(std::uint16_t) * static_cast<double>(all.pixels.size() + data.test.pixels.size()) +
          2.0 * sizeof(float) * static_cast<double>(all.conditions.size() + data.test.conditions.size()),
      fmt::format("{}: {} of {} and their splits take", config.directory, counted(all.count, "image"),
                  size_of(all)));
  SplitPositions split = split_train_files(config, all, takes_test);
  data.train = select(all, split.train);
  data.validation = select(all, split.validation);
  data.validation.origin = std::move(split.validation_origin);
  data.train.name = "train";
  data.validation.name = "validation";
  if (!takes_test) return;
  data.test = select(all, split.test);
  data.test.origin = std::move(split.test_origin);
  mark_as_test(data.test);
}

void train_on_test(const DataConfig& config, Dataset& data) {
  std::vector<int> order(static_cast<std::size_t>(train_count(config, data.test.count)));
  std::iota(order.begin(), order.end(), 0);
  data.train = select(data.test, order);
  data.validation = data.test;
  data.note =
      "trained and validated on the test split (data.train_on: test): these scores say how well its images "
      "are memorised, and compare only with others made this way";
}

// The file of the image with this id; empty where it has none of its own.
std::string file_of(const ImageSet& images, std::uint32_t id) {
  const auto found = std::ranges::find(images.ids, id);
  if (found == images.ids.end() || images.files.empty()) return {};
  return images.files[static_cast<std::size_t>(found - images.ids.begin())];
}

std::string first_equals(const Dataset& data, const Overlap& overlap) {
  const std::string test = file_of(data.test, overlap.test);
  std::string train = file_of(data.train, overlap.train);
  if (train.empty()) train = file_of(data.validation, overlap.train);
  if (!test.empty() && !train.empty()) return fmt::format("{} equals {}", test, train);
  return fmt::format("test image {} equals image {} of the train file, both counted from 0",
                     overlap.test & ~ImageSet::kTestId, overlap.train);
}

// What there is to say of test images that are trained or validated on. Throws where that is not asked for:
// the scores would be better than what they claim to measure.
std::string overlap_note(const DataConfig& config, const Dataset& data) {
  const Overlap overlap = find_overlap(data.test, data.train, data.validation);
  if (overlap.count == 0) return {};
  const std::string found =
      fmt::format("{} of the {} test images {} also {}", grouped(overlap.count), grouped(data.test.count),
                  overlap.count == 1 ? "is" : "are",
                  data.test.origin.empty() ? "in the train file" : "among the train and validation images");
  if (config.dataset == DatasetKind::kCifar10)
    return found + ", as published: their scores say how well they are remembered";
  if (!config.allow_test_in_train)
    throw ConfigError(fmt::format(
        "{}: {}, the first of them: {}; data.allow_test_in_train: true trains anyway and marks every result",
        config.directory, found, first_equals(data, overlap)));
  return found + " (data.allow_test_in_train: true): their scores say how well they are remembered";
}

// Called where there are test files, and they could be read.
void refuse_test_images(const DataConfig& config) {
  if (config.test_images)
    throw ConfigError(
        fmt::format("data.test_images: found {}, accepted: null, since {} has test images of its own",
                    *config.test_images, config.directory));
}

// Called where there are none.
void refuse_train_on_test(const DataConfig& config) {
  if (config.train_on == TrainOn::kTest)
    throw ConfigError(
        fmt::format("data.train_on: found test, accepted: train, since {} has no test images of its own",
                    config.directory));
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
  Dataset data;
  if (source->has_test()) {
    data.test = read_part(config, *source, Part::kTest);
    refuse_test_images(config);
    mark_as_test(data.test);
    data.passed_over = data.test.passed_over;
    if (config.colour) require_grey(data.test.channels);
  } else {
    refuse_train_on_test(config);
  }
  if (config.train_on == TrainOn::kTrain) {
    split_train_file(config, *source, data);
    data.note = overlap_note(config, data);
  }
  data.test.name = "test";
  if (config.train_on == TrainOn::kTest) train_on_test(config, data);
  if (const std::string note = source->note(); !note.empty())
    data.note = data.note.empty() ? note : note + "; " + data.note;
  if (config.colour)
    for (ImageSet* images : {&data.train, &data.validation, &data.test}) {
      require_grey(images->channels);
      *images = coloured(*images, config.colour_seed);
    }
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
  text += ", " + counted(images.count, "image");
  return images.origin.empty() ? text : text + " (" + images.origin + ")";
}

}  // namespace pcnn

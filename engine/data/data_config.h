#pragma once

// The `data` section of a config. A key that the other keys leave without effect is refused where it is
// given, because a silently ignored key misleads.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/binarise.h"

namespace pcnn {

enum class ArrayLayout {
  kAuto,  // channels before rows, where the shape can be nothing else
  kNchw,  // (n, channels, rows, columns)
  kNhwc,  // (n, rows, columns, channels)
};

// How images lie in an .npy array and what its numbers are: the keys of `data` that say so.
struct ArrayConfig {
  ArrayLayout layout = ArrayLayout::kAuto;
  int scale = 0;           // floats times this are values; 0: floats must be whole numbers
  std::vector<int> shape;  // of one image where the array has a row of values for each; empty: as the array's
  friend bool operator==(const ArrayConfig&, const ArrayConfig&) = default;
};

class ConfigNode;

enum class DatasetKind {
  kMnist,
  kFashionMnist,
  kIdx,      // any pair of files named and laid out as MNIST's; images of any size
  kNpy,      // train.npy and test.npy
  kPng,      // folders train and test of PNG files
  kCifar10,  // the binary version
};

// Which images of the train file are held out.
enum class ValidationChoice {
  kAuto,    // seeded where test images are drawn from the same files or classes lie in folders, else the last
  kLast,    // the last ones of the file
  kSeeded,  // drawn without replacement from split_seed
};

enum class TrainOn {
  kTrain,
  kTest,  // the tutorial's own protocol: trains and validates on the test split; every result carries a note
};

struct DataConfig {
  DatasetKind dataset = DatasetKind::kMnist;
  std::string directory = "data/mnist";  // holds the image files
  std::optional<int> train_images;  // trains on the first ones only, counted after the split; none: on all
  // Held out of the train file; unused with TrainOn::kTest. A number of images, or below 1 the fraction of
  // all images of the train file; none: images_by_default() of split.h.
  std::optional<double> validation_images;
  // The same of test images, for data sets without a test file; none with one. Drawn from split_seed.
  std::optional<double> test_images;
  ValidationChoice validation_choice = ValidationChoice::kAuto;
  std::uint64_t split_seed = 1;
  TrainOn train_on = TrainOn::kTrain;
  BinarisationConfig binarisation;  // unused where levels > 0
  std::string prefix;               // kIdx: files are named <prefix>-train-images...; empty: find it
  ArrayConfig arrays;               // kNpy
  bool labels = false;              // reads the classes of the images too
  bool condition = false;           // reads what else is known of the images, see condition_file.h
  bool quantised = false;           // kNpy: the values are levels already, or bits where levels is 0
  bool colour = false;              // grey images are coloured, see colour.h
  std::uint64_t colour_seed = 1;
  bool allow_test_in_train = false;  // test images that are in the train file are noted, not refused
  int levels = 0;                    // 2 to kMaxLevels: pixels are quantised; 0: pixels are binarised
  friend bool operator==(const DataConfig&, const DataConfig&) = default;
};

// Reads the keys of the section; an absent or null one takes the default above, the directory that of its
// data set. levels: of the model's head, 0 for a Bernoulli head; with others, the keys of binarisation are
// refused. Throws ConfigError. Opens no file: counts are checked against the files by load_dataset.
[[nodiscard]] DataConfig read_data_config(const ConfigNode& data, int levels = 0);

}  // namespace pcnn

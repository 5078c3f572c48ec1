#include "engine/data/data_config.h"

#include <limits>
#include <string_view>

#include "engine/config/applies.h"
#include "engine/config/config.h"
#include "engine/data/levels.h"
#include "engine/data/published.h"

namespace pcnn {
namespace {

constexpr double kMostImages = std::numeric_limits<int>::max();
const ConfigRange kSomeImages = ConfigRange::between(1, kMostImages);

std::uint64_t read_seed(const ConfigNode& data, std::string_view key, std::uint64_t fallback) {
  return static_cast<std::uint64_t>(
      data.integer(key, static_cast<std::int64_t>(fallback), ConfigRange::seeds()));
}

std::string_view needed_directory(DatasetKind dataset) {
  if (dataset == DatasetKind::kNpy)
    return "dataset npy needs the directory that holds train.npy and test.npy";
  if (dataset == DatasetKind::kPng)
    return "dataset png needs the directory that holds folders train and test of .png files";
  return "dataset idx needs the directory that holds train-images-idx3-ubyte and t10k-images-idx3-ubyte (or "
         ".gz)";
}

std::string read_directory(const ConfigNode& data, DatasetKind dataset) {
  data.governs("dataset", {"directory"});
  if (const PublishedDataset* known = published_dataset(dataset))
    return data.text("directory", std::string(known->directory));
  if (!data.has("directory")) data.fail("directory", "missing: " + std::string(needed_directory(dataset)));
  return data.text("directory", "");
}

// How the files of this kind are to be read.
void read_files(const ConfigNode& data, DataConfig& config) {
  if (applies(data, "prefix", config.dataset == DatasetKind::kIdx, "dataset is not idx", {"dataset"}))
    config.prefix = data.optional_text("prefix").value_or("");
  config.labels = data.boolean("labels", config.labels);
  if (applies(data, "condition", config.dataset != DatasetKind::kPng,
              "dataset is png; model.condition.vector and map need another data set, such as npy",
              {"dataset"}))
    config.condition = data.boolean("condition", config.condition);
  const bool npy = config.dataset == DatasetKind::kNpy;
  const std::string_view not_npy = "dataset is not npy";
  if (applies(data, "layout", npy, not_npy, {"dataset"}))
    config.arrays.layout = data.choice<ArrayLayout>(
        "layout", config.arrays.layout,
        {{"auto", ArrayLayout::kAuto}, {"nchw", ArrayLayout::kNchw}, {"nhwc", ArrayLayout::kNhwc}});
  if (applies(data, "scale", npy, not_npy, {"dataset"}))
    config.arrays.scale =
        static_cast<int>(data.optional_integer("scale", ConfigRange::between(1, kMaxLevels - 1)).value_or(0));
  if (applies(data, "shape", npy, not_npy, {"dataset"})) {
    const auto shape = data.integers("shape", {}, ConfigRange::between(1, 16384));
    if (shape.size() == 1 || shape.size() > 3)
      data.fail("shape", "found " + std::to_string(shape.size()) +
                             (shape.size() == 1 ? " number" : " numbers") +
                             ", accepted: [rows, columns], or three as data.layout puts them");
    config.arrays.shape.assign(shape.begin(), shape.end());
  }
}

void read_values(const ConfigNode& data, int levels, DataConfig& config) {
  if (applies(data, "quantised", config.dataset == DatasetKind::kNpy, "dataset is not npy", {"dataset"}))
    config.quantised = data.boolean("quantised", config.quantised);
  if (levels > 256 && !config.quantised)
    data.fail("quantised", std::string(data.has("quantised") ? "found" : "the default") +
                               " false, but 8-bit pixels have 256 values, model.levels is " +
                               std::to_string(levels) +
                               "; accepted: at most 256, or dataset npy with quantised: true");
  const bool grey = config.dataset != DatasetKind::kCifar10 && !config.quantised;
  if (applies(data, "colour", grey,
              config.quantised ? "quantised is true" : "dataset is cifar10, which has colours",
              {"dataset", "quantised"}))
    config.colour = data.boolean("colour", config.colour);
  if (applies(data, "colour_seed", config.colour, "colour is not true", {"colour", "dataset", "quantised"}))
    config.colour_seed = read_seed(data, "colour_seed", config.colour_seed);
}

void read_split(const ConfigNode& data, DataConfig& config) {
  config.train_on = data.choice<TrainOn>("train_on", config.train_on,
                                         {{"train", TrainOn::kTrain}, {"test", TrainOn::kTest}});
  if (const auto limit = data.optional_integer("train_images", kSomeImages))
    config.train_images = static_cast<int>(*limit);

  const bool splits = config.train_on == TrainOn::kTrain;
  const std::string_view no_split = "train_on is test";
  if (applies(data, "validation_images", splits, no_split, {"train_on"}))
    config.validation_images = data.optional_count_or_fraction("validation_images", kSomeImages);
  const bool may_lack_test = config.dataset == DatasetKind::kIdx || config.dataset == DatasetKind::kNpy ||
                             config.dataset == DatasetKind::kPng;
  if (applies(data, "test_images", splits && may_lack_test,
              splits ? "dataset is a published one, which has a test file" : no_split,
              {"dataset", "train_on"}))
    config.test_images = data.optional_count_or_fraction("test_images", kSomeImages);
  if (applies(data, "validation_choice", splits, no_split, {"train_on"}))
    config.validation_choice = data.choice<ValidationChoice>("validation_choice", config.validation_choice,
                                                             {{"auto", ValidationChoice::kAuto},
                                                              {"last", ValidationChoice::kLast},
                                                              {"seeded", ValidationChoice::kSeeded}});
  const bool seeded = splits && (may_lack_test || config.validation_choice == ValidationChoice::kSeeded);
  if (applies(data, "split_seed", seeded, splits ? "validation_choice is not seeded" : no_split,
              {"validation_choice", "dataset", "train_on"}))
    config.split_seed = read_seed(data, "split_seed", config.split_seed);
  const bool published = config.dataset == DatasetKind::kCifar10;
  if (applies(data, "allow_test_in_train", splits && !published,
              splits ? "dataset is cifar10, whose published split is always taken" : no_split,
              {"dataset", "train_on"}))
    config.allow_test_in_train = data.boolean("allow_test_in_train", config.allow_test_in_train);
}

BinarisationConfig read_binarisation(const ConfigNode& data, const DataConfig& rest) {
  using enum BinarisationKind;
  BinarisationConfig config;
  if (rest.levels > 0 || rest.quantised) {
    for (const std::string_view key : {"binarisation", "threshold", "binarisation_seed"})
      (void)applies(data, key, false,
                    rest.levels > 0 ? "model.head is softmax or logistic_mixture" : "quantised is true",
                    {"quantised", "dataset"});
    if (rest.levels == 0) config.kind = kStored;
    return config;
  }
  config.kind = data.choice<BinarisationKind>("binarisation", config.kind,
                                              {{"threshold", kThreshold},
                                               {"bernoulli_fixed", kBernoulliFixed},
                                               {"bernoulli_per_epoch", kBernoulliPerEpoch}});
  const bool threshold = config.kind == kThreshold;
  if (applies(data, "threshold", threshold, "binarisation is not threshold", {"binarisation"}))
    config.threshold = data.real("threshold", config.threshold, ConfigRange::between(0.0, 1.0));
  if (applies(data, "binarisation_seed", !threshold, "binarisation is threshold", {"binarisation"}))
    config.seed = read_seed(data, "binarisation_seed", config.seed);
  return config;
}

}  // namespace

DataConfig read_data_config(const ConfigNode& data, int levels) {
  DataConfig config;
  config.levels = levels;
  config.dataset = data.choice<DatasetKind>("dataset", config.dataset,
                                            {{"mnist", DatasetKind::kMnist},
                                             {"fashion-mnist", DatasetKind::kFashionMnist},
                                             {"idx", DatasetKind::kIdx},
                                             {"npy", DatasetKind::kNpy},
                                             {"png", DatasetKind::kPng},
                                             {"cifar10", DatasetKind::kCifar10}});
  config.directory = read_directory(data, config.dataset);
  read_files(data, config);
  read_values(data, levels, config);
  read_split(data, config);
  config.binarisation = read_binarisation(data, config);
  return config;
}

}  // namespace pcnn

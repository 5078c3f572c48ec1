#include "engine/data/data_config.h"

#include <limits>
#include <string_view>

#include "engine/config/config.h"

namespace pcnn {
namespace {

constexpr double kMostImages = std::numeric_limits<int>::max();
const ConfigRange kSomeImages = ConfigRange::between(1, kMostImages);

// Whether a key has an effect; one that is given and has none is an error.
bool applies(const ConfigNode& data, std::string_view key, bool used, std::string_view reason) {
  if (!used && data.has(key)) data.fail(key, "has no effect while " + std::string(reason));
  return used;
}

std::uint64_t read_seed(const ConfigNode& data, std::string_view key, std::uint64_t fallback) {
  return static_cast<std::uint64_t>(
      data.integer(key, static_cast<std::int64_t>(fallback), ConfigRange::non_negative()));
}

std::string read_directory(const ConfigNode& data, DatasetKind dataset) {
  if (dataset == DatasetKind::kMnist) return data.text("directory", "data/mnist");
  if (dataset == DatasetKind::kFashionMnist)
    return data.text("directory", "/usr/share/datasets/fashion-mnist");
  if (!data.has("directory"))
    data.fail("directory",
              "missing: dataset idx needs the directory that holds train-images-idx3-ubyte and "
              "t10k-images-idx3-ubyte (or .gz)");
  return data.text("directory", "");
}

void read_split(const ConfigNode& data, DataConfig& config) {
  config.train_on = data.choice<TrainOn>("train_on", config.train_on,
                                         {{"train", TrainOn::kTrain}, {"test", TrainOn::kTest}});
  if (const auto limit = data.optional_integer("train_images", kSomeImages))
    config.train_images = static_cast<int>(*limit);

  const bool splits = config.train_on == TrainOn::kTrain;
  const std::string_view no_split = "train_on is test";
  if (applies(data, "validation_images", splits, no_split))
    config.validation_images =
        static_cast<int>(data.integer("validation_images", config.validation_images, kSomeImages));
  if (applies(data, "validation_choice", splits, no_split))
    config.validation_choice = data.choice<ValidationChoice>(
        "validation_choice", config.validation_choice,
        {{"last", ValidationChoice::kLast}, {"seeded", ValidationChoice::kSeeded}});
  const bool seeded = splits && config.validation_choice == ValidationChoice::kSeeded;
  if (applies(data, "split_seed", seeded, splits ? "validation_choice is last" : no_split))
    config.split_seed = read_seed(data, "split_seed", config.split_seed);
}

BinarisationConfig read_binarisation(const ConfigNode& data) {
  using enum BinarisationKind;
  BinarisationConfig config;
  config.kind = data.choice<BinarisationKind>("binarisation", config.kind,
                                              {{"threshold", kThreshold},
                                               {"bernoulli_fixed", kBernoulliFixed},
                                               {"bernoulli_per_epoch", kBernoulliPerEpoch}});
  const bool threshold = config.kind == kThreshold;
  if (applies(data, "threshold", threshold, "binarisation is not threshold"))
    config.threshold = data.real("threshold", config.threshold, ConfigRange::between(0.0, 1.0));
  if (applies(data, "binarisation_seed", !threshold, "binarisation is threshold"))
    config.seed = read_seed(data, "binarisation_seed", config.seed);
  return config;
}

}  // namespace

DataConfig read_data_config(const ConfigNode& data) {
  DataConfig config;
  config.dataset = data.choice<DatasetKind>("dataset", config.dataset,
                                            {{"mnist", DatasetKind::kMnist},
                                             {"fashion-mnist", DatasetKind::kFashionMnist},
                                             {"idx", DatasetKind::kIdx}});
  config.directory = read_directory(data, config.dataset);
  read_split(data, config);
  config.binarisation = read_binarisation(data);
  return config;
}

}  // namespace pcnn

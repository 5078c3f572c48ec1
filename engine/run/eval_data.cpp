#include "engine/run/eval_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "engine/config/config.h"
#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/data/condition_file.h"
#include "engine/data/dataset.h"
#include "engine/data/image_file.h"
#include "engine/train/given_of.h"

namespace pcnn {
namespace {

bool is_allowed(std::string_view override_text) {
  return override_text.starts_with("data.") || override_text.starts_with("threads=") ||
         override_text.starts_with("precision=");
}

// How an array of the user's own lies, and what its numbers are.
bool is_array_key(std::string_view override_text) {
  return override_text.starts_with("data.layout") || override_text.starts_with("data.scale") ||
         override_text.starts_with("data.shape");
}

// These keys as of a data set of arrays, for a run of another one.
ArrayConfig array_config(std::span<const std::string> overrides) {
  const ConfigDocument document =
      ConfigDocument::from_string("data: {dataset: npy, directory: none}\n", "--images", overrides);
  ArrayConfig arrays = read_data_config(document.root().section("data")).arrays;
  document.reject_unread();
  return arrays;
}

bool changes_no_image(std::string_view override_text) {
  return override_text.starts_with("data.directory=") || override_text.starts_with("data.labels=");
}

std::string size_of(int height, int width) {
  return fmt::format("{}x{}", height, width);
}

ImageSet& split_of(Dataset& data, const std::string& split) {
  if (split == "train") return data.train;
  if (split == "validation") return data.validation;
  if (split == "test") return data.test;
  throw ConfigError("--split: found '" + split + "', accepted: test, validation or train");
}

// Other images, or other roles of them, than the run had; where its files lie is no matter.
bool alters_splits(const DataConfig& run, DataConfig now) {
  now.directory = run.directory;
  now.labels = run.labels;
  now.binarisation = run.binarisation;
  now.quantised = run.quantised;
  now.colour = run.colour;
  now.colour_seed = run.colour_seed;
  now.allow_test_in_train = run.allow_test_in_train;
  return now != run;
}

void note_alterations(const TrainedModel& model, const RunConfig& config, const EvalOptions& options,
                      std::vector<std::string>& notes) {
  DataConfig same = config.data;
  same.directory = model.config.data.directory;
  same.labels = model.config.data.labels;
  const bool own = !options.images.empty();
  if (own) same.arrays = model.config.data.arrays;
  if (same == model.config.data) return;
  std::string overrides;
  for (const std::string& text : options.overrides)
    if (text.starts_with("data.") && !changes_no_image(text) && !(own && is_array_key(text)))
      overrides += (overrides.empty() ? "" : " ") + text;
  const bool splits = !own && alters_splits(model.config.data, config.data);
  notes.push_back("not the data as the run had it: " + overrides +
                  (splits ? "; a split may hold images it trained on" : ""));
}

void note_training(const TrainedModel& model, const RunConfig& config, const std::string& split,
                   std::vector<std::string>& notes) {
  if (model.config.data.train_on == TrainOn::kTest) {
    // Where the config still says so, the data set's own note has said it.
    if (config.data.train_on == TrainOn::kTrain)
      notes.push_back("the run trained on the test split (data.train_on: test)");
  } else if (split == "train") {
    notes.push_back("the run trained on these images: the scores say how well they are remembered");
  } else if (split == "validation" && model.path.ends_with("best.safetensors")) {
    notes.push_back("of all epochs, these parameters were kept for their loss on the validation split");
  }
}

// Files that came or went move the borders of splits that are taken out of one file.
void note_other_files(const TrainedModel& model, const RunConfig& config, const ImageSet& train,
                      std::vector<std::string>& notes) {
  DataConfig same = config.data;
  same.directory = model.config.data.directory;
  same.labels = model.config.data.labels;
  same.binarisation = model.config.data.binarisation;
  if (same != model.config.data || model.train_images.empty() ||
      model.train_images == fingerprint(train, beside(model.network)))
    return;
  notes.push_back(
      fmt::format("{} are not those of the run: its files have changed since, and a split may hold images it "
                  "trained on",
                  fingerprinted_images(model.network, "train")));
}

EvalData load_split(const TrainedModel& model, const RunConfig& config, const EvalOptions& options) {
  const std::string split = options.split.empty() ? "test" : options.split;
  Dataset dataset = load_dataset(config.data);
  std::vector<std::string> notes;
  note_other_files(model, config, dataset.train, notes);
  EvalData data{.images = std::move(split_of(dataset, split)),
                .coding = make_pixel_coding(config.data),
                .description = {},
                .notes = std::move(notes)};
  data.has_classes = !data.images.labels.empty();
  data.description = describe_split(config.data, data.images, split);
  if (!dataset.note.empty()) data.notes.push_back(dataset.note);
  if (!dataset.passed_over.empty()) data.notes.push_back(dataset.passed_over);
  note_training(model, config, split, data.notes);
  return data;
}

// What the model is told of an image of theirs; empty where that is no numbers.
std::vector<int> told_shape(const TrainedModel& model, const ImageSet& images) {
  return given_shape(resized(model.network, images.height, images.width));
}

// With a model that is told no numbers the option is refused later, whatever the file holds.
void take_condition(const TrainedModel& model, const std::string& path, ImageSet& images) {
  const std::vector<int> told = told_shape(model, images);
  if (told.empty()) return;
  require_rows_of(told, read_condition_shape(path), path, model.path);
  read_condition(path, images);
}

EvalData load_own(const TrainedModel& model, const RunConfig& config, const EvalOptions& options) {
  OwnImages own = read_own_images(options.images, config.data, model.network.image_channels);
  EvalData data{
      .images = std::move(own.images), .coding = std::move(own.coding), .description = {}, .notes = {}};
  if (!options.condition.empty()) take_condition(model, options.condition, data.images);
  if (!own.note.empty()) data.notes.push_back(own.note);
  if (!data.images.passed_over.empty()) data.notes.push_back(data.images.passed_over);
  data.description =
      fmt::format("{}, {} image{}", options.images, data.images.count, data.images.count == 1 ? "" : "s");
  return data;
}

}  // namespace

RunConfig overridden_config(const TrainedModel& model, const EvalOptions& options) {
  const bool trained_on_test = model.config.data.train_on == TrainOn::kTest;
  for (const std::string& text : options.overrides)
    if (text == "data.train_on=test" && !trained_on_test)
      throw ConfigError("override '" + text +
                        "': the run did not train on the test split; --split says what is scored");
    else if (!is_allowed(text))
      throw ConfigError("override '" + text +
                        "': accepted: data.KEY=VALUE, threads=N and precision=f32, bf16 or auto; the rest of "
                        "the config is the run's");
  std::vector<std::string> overrides = options.overrides, arrays;
  if (!options.images.empty() && model.config.data.dataset != DatasetKind::kNpy) {
    std::ranges::copy_if(overrides, std::back_inserter(arrays), is_array_key);
    std::erase_if(overrides, is_array_key);
  }
  RunConfig config = read_run_config(
      ConfigDocument::from_string(model.resolved_yaml, model.path + " (config)", overrides), "model");
  if (!arrays.empty()) config.data.arrays = array_config(arrays);
  // However else it may have been spelt.
  if (config.data.train_on == TrainOn::kTest && !trained_on_test)
    throw ConfigError("data.train_on: the run did not train on the test split; --split says what is scored");
  return config;
}

EvalData load_eval_data(const TrainedModel& model, const RunConfig& config, const EvalOptions& options) {
  EvalData data =
      options.images.empty() ? load_split(model, config, options) : load_own(model, config, options);
  const Network& network = model.network;
  if (data.images.channels != network.image_channels)
    throw ConfigError(fmt::format("{}: images of {} channel{}, accepted: {}, as the model's have",
                                  data.description, data.images.channels,
                                  data.images.channels == 1 ? "" : "s", network.image_channels));
  if (data.images.height != network.image_height || data.images.width != network.image_width)
    data.notes.push_back(fmt::format("images of {}; the model was trained on {}",
                                     size_of(data.images.height, data.images.width),
                                     size_of(network.image_height, network.image_width)));
  const std::vector<int> told = told_shape(model, data.images);
  if (!told.empty() && !options.images.empty() && options.condition.empty())
    throw ConfigError(fmt::format(
        "--images: {} is told {} of each image; accepted: with --condition FILE.npy, a row for each",
        model.path, describe_condition(told)));
  note_alterations(model, config, options, data.notes);
  if (!model.note.empty()) data.notes.push_back(model.note);
  return data;
}

}  // namespace pcnn

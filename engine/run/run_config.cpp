#include "engine/run/run_config.h"

#include <fmt/format.h>

#include "engine/core/parallel.h"
#include "engine/core/text.h"

namespace pcnn {
namespace {

constexpr double kMaxThreads = 1024, kMaxChainBatch = 4096, kMostEpochs = 1e6;

int read_speculation(const ConfigNode& section) {
  const std::string word = section.text("speculate", "auto");
  const std::optional<int> columns = speculation_named(word);
  if (!columns)
    section.fail("speculate", "found '" + word + "', accepted: auto, off, or 2 to " +
                                  std::to_string(kMostSpeculated) + " pixels guessed at once");
  return *columns;
}

SampleConfig read_sample_config(const ConfigNode& section) {
  SampleConfig config;
  config.count = static_cast<int>(section.integer("count", config.count, ConfigRange::between(0, 10000)));
  config.temperature = section.real("temperature", config.temperature, ConfigRange::between(0.0, 1000.0));
  config.sampler.kind = section.choice<SamplerKind>(
      "sampler", config.sampler.kind,
      {{"incremental", SamplerKind::kIncremental}, {"naive", SamplerKind::kNaive}});
  if (config.sampler.kind != SamplerKind::kIncremental)
    section.governs("sampler", {"chain_batch", "speculate"});
  if (config.sampler.kind == SamplerKind::kIncremental) {
    config.sampler.chain_batch = static_cast<int>(
        section.optional_integer("chain_batch", ConfigRange::between(1, kMaxChainBatch)).value_or(0));
    config.sampler.speculate = read_speculation(section);
  } else if (section.has("chain_batch")) {
    section.fail("chain_batch", "only the incremental sampler has batches of chains");
  } else if (section.has("speculate")) {
    section.fail("speculate", "only the incremental sampler guesses pixels");
  }
  config.every_epochs = static_cast<int>(
      section.integer("every_epochs", config.every_epochs, ConfigRange::between(1, kMostEpochs)));
  config.columns =
      static_cast<int>(section.integer("columns", config.columns, ConfigRange::between(0, 1000)));
  config.scale = static_cast<int>(section.integer("scale", config.scale, ConfigRange::between(1, 64)));
  return config;
}

// One path component: the run must stay inside the output directory.
void check_name(const ConfigNode& root, const std::string& name) {
  if (name == "." || name == ".." || name.find('/') != std::string::npos)
    root.fail("name", "found '" + name + "', accepted: a directory name without '/'");
}

// Where a name has such a character, a terminal shows another name.
void check_direction(const ConfigNode& root, const char* key, const std::string& name) {
  if (sets_direction(name))
    root.fail(key, "found '" + shorten(name) +
                       "', accepted: a name without U+202A to U+202E and U+2066 to U+2069, which change the "
                       "direction of text");
}

// A network that is told the class of an image needs one of every image.
void check_labels(const ConfigNode& data, const RunConfig& config) {
  const int classes = config.model.condition.classes;
  if (classes > 0 && !config.data.labels)
    data.fail("labels", std::string(data.has("labels") ? "found" : "the default is") +
                            " false, but model.condition.classes is " + std::to_string(classes) +
                            "; accepted: true, which reads the classes of images");
}

// A network that is told numbers of an image needs those of every image; for one that is not, nothing is
// read.
void check_condition(const ConfigNode& data, const RunConfig& config) {
  const Condition& condition = config.model.condition;
  const bool has_numbers = condition.vector > 0 || condition.maps > 0;
  const std::string key = condition.vector > 0 ? "model.condition.vector" : "model.condition.map.channels";
  const int found = std::max(condition.vector, condition.maps);
  if (has_numbers && config.data.dataset == DatasetKind::kPng)
    data.fail("dataset", fmt::format("found png, but {} is {}, and no numbers or maps are read beside .png "
                                     "files; accepted: another data set, such as npy",
                                     key, found));
  if (has_numbers && !config.data.condition)
    data.fail("condition", fmt::format("{} false, but {} is {}; accepted: true, which reads "
                                       "train_condition.npy and test_condition.npy",
                                       data.has("condition") ? "found" : "the default is", key, found));
  if (!has_numbers && config.data.condition)
    data.fail("condition",
              "found true, but the network is told nothing of it; accepted: false, or with "
              "model.condition: {vector: N}, N numbers for each image, or {map: {channels: N}}");
}

std::vector<std::string> notes_of(const ConfigDocument& document) {
  std::vector<std::string> notes = document.notes();
  if (document.is_empty())
    notes.push_back(document.name() +
                    ": holds no key, so everything is the default: dataset mnist, a network without blocks, "
                    "10 epochs; configs/reference.yaml shows every key");
  return notes;
}

}  // namespace

RunConfig read_run_config(const ConfigDocument& document, const std::string& default_name) {
  const ConfigNode root = document.root();
  RunConfig config;
  config.name = root.text("name", default_name);
  check_name(root, config.name);
  config.output = root.text("output", config.output);
  check_direction(root, "name", config.name);
  check_direction(root, "output", config.output);
  config.seed = static_cast<std::uint64_t>(root.integer("seed", 1, ConfigRange::seeds()));
  config.threads = static_cast<int>(
      root.optional_integer("threads", ConfigRange::between(1, kMaxThreads)).value_or(available_threads()));
  config.precision = root.choice<PrecisionChoice>(
      "precision", config.precision,
      {{"auto", std::nullopt}, {"f32", Precision::kF32}, {"bf16", Precision::kBf16}});
  config.model = read_model_config(root.section("model"));
  const HeadConfig& head = config.model.head;
  if (head.kind != HeadKind::kBernoulli)
    root.section("model").governs("head", root.section("data"),
                                  {"binarisation", "threshold", "binarisation_seed"});
  config.data = read_data_config(root.section("data"), head.kind == HeadKind::kBernoulli ? 0 : head.levels);
  config.train = read_train_config(root.section("train"));
  config.sample = read_sample_config(root.section("sample"));
  root.pass_over("sweep");  // of pcnn-sweep
  document.reject_unread();
  // A key that is misspelt is named before what follows from it.
  check_labels(root.section("data"), config);
  check_condition(root.section("data"), config);
  config.notes = notes_of(document);
  return config;
}

}  // namespace pcnn

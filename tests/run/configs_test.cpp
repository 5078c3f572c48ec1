// Every file under configs/ is read as pcnn-run reads it, and its network is built.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "engine/compile/batch/program.h"
#include "engine/core/error.h"
#include "engine/data/dataset.h"
#include "engine/model/network_builder.h"
#include "engine/run/run_config.h"
#include "engine/sweep/config_schema.h"
#include "engine/sweep/sweep_plan.h"
#include "tests/support/source_directory.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

const std::string kConfigs = testing::source_directory() + "/configs/";

RunConfig read(const ConfigDocument& document) {
  return read_run_config(document, "run");
}

std::vector<std::string> config_files() {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(kConfigs))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  return files;
}

// Each on images of its own data set. The live parameters are a signature of the network: a key that is read
// wrongly changes them.
TEST(Configs, AllLoadAndCompileToTheirNetworks) {
  const std::map<std::string, std::size_t> live_parameters{
      {"book", 271361},          {"cifar10", 737855},        {"cifar10_gated", 2335775},
      {"cifar10_small", 110399}, {"fashion_gray", 244830},   {"fashion_mnist", 271361},
      {"mnist", 271361},         {"mnist_class", 142433},    {"mnist_best", 134753},
      {"mnist_gated", 527425},   {"mnist_gray", 169824},     {"mnist_quick", 23921},
      {"reference", 271361},     {"rgb_demo", 69288},        {"sweep_mnist", 6625},
      {"codes_gated", 905472},   {"mnist_row_lstm", 129473}, {"mnist_diagonal_lstm", 65025},
      {"mnist_snail", 154721},   {"codes_snail", 1158912}};
  EXPECT_EQ(config_files().size(), live_parameters.size());
  for (const std::string& file : config_files()) {
    SCOPED_TRACE(file);
    const RunConfig config = read(ConfigDocument::from_file(file));
    // Of arrays the file knows, which scripts/patch_codes.py makes.
    const Shape image =
        config.data.dataset == DatasetKind::kNpy ? Shape{1, 1, 7, 7} : dataset_shape(config.data);
    const Network network = build_network(config.model, image.c, image.h, image.w);
    EXPECT_EQ(network.live_parameter_count(), live_parameters.at(fs::path(file).stem()));
    const Program program(network, 1, Purpose::kTraining);
    EXPECT_EQ(network.shape(0, 1), image);
    EXPECT_LT(program.workspace_bytes(), program.workspace_bytes_unshared()) << "it has an arena plan";
  }
}

TEST(Configs, WithASweepCanBeSwept) {
  int sweeps = 0;
  for (const std::string& file : config_files()) {
    if (!ConfigDocument::from_file(file).root().has("sweep")) continue;
    EXPECT_GT(plan_sweep({.config = file, .arguments = {}, .program = {}}).trials.size(), 1u) << file;
    ++sweeps;
  }
  EXPECT_GE(sweeps, 1);
}

TEST(Configs, ResolvedConfigLoadsBackToItself) {
  for (const std::string& file : config_files()) {
    SCOPED_TRACE(file);
    const ConfigDocument document = ConfigDocument::from_file(file);
    (void)read(document);
    const ConfigDocument again = ConfigDocument::from_string(document.resolved_yaml(), "resolved");
    (void)read(again);
    EXPECT_EQ(again.resolved_yaml(), document.resolved_yaml());
  }
}

TEST(Configs, MnistIsTheTutorialNetworkAndReferenceTheDefaults) {
  const RunConfig mnist = read(ConfigDocument::from_file(kConfigs + "mnist.yaml"));
  EXPECT_EQ(build_network(mnist.model, 1, 28, 28).parameter_count(), 389249u);
  const RunConfig reference = read(ConfigDocument::from_file(kConfigs + "reference.yaml"));
  EXPECT_EQ(reference.train, read(ConfigDocument::from_string("", "empty")).train);
}

std::set<std::string> keys_of_parser() {
  std::set<std::string> keys;
  for (const ConfigDocument::Key& key : all_config_keys()) keys.insert(key.path);
  keys.erase("sweep.parameters.*");
  return keys;
}

// reference.yaml shows every key: those in force uncommented, and those of other kinds as `# key:` lines.
TEST(Configs, ReferenceNamesEveryKeyOfTheParserAndNoOther) {
  const std::string path = kConfigs + "reference.yaml";
  const std::set<std::string> known = keys_of_parser();
  const ConfigDocument document = ConfigDocument::from_file(path);
  (void)read(document);
  std::set<std::string> shown;
  for (const ConfigDocument::Key& key : document.keys()) shown.insert(key.path);
  for (const std::string& key : shown)
    EXPECT_TRUE(known.contains(key)) << key << " is read from reference.yaml only";

  std::ifstream file(path);
  std::set<std::string> words;  // the last part of each key written, commented or not
  for (std::string line; std::getline(file, line);) {
    const std::size_t begin = line.find_first_not_of(" #-"), colon = line.find(':');
    if (begin != std::string::npos && colon != std::string::npos && begin < colon)
      words.insert(line.substr(begin, colon - begin));
  }
  for (const std::string& key : known)
    EXPECT_TRUE(words.contains(key.substr(key.rfind('.') + 1))) << key << " is missing in reference.yaml";
}

}  // namespace
}  // namespace pcnn

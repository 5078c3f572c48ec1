// Keys that speak of the value of another key, when that is chosen anew.

#include <filesystem>
#include <fstream>

#include "engine/run/run_config.h"
#include "tests/config/config_error.h"

namespace pcnn {
namespace {

using Texts = std::vector<std::string>;

// The config in effect of `yaml`, as a run writes it.
std::string resolved(const std::string& yaml, const Texts& overrides = {}) {
  const ConfigDocument document = load(yaml, overrides);
  (void)read_run_config(document, "run");
  return document.resolved_yaml();
}

RunConfig read(const std::string& yaml, const Texts& overrides) {
  return read_run_config(load(yaml, overrides), "run");
}

std::string refusal(const std::string& yaml, const Texts& overrides) {
  return config_error([&] { (void)read(yaml, overrides); });
}

TEST(GovernedKeys, AnotherDatasetDoesNotTakeTheDirectoryOfTheFormer) {
  const RunConfig config = read(resolved("data: {dataset: mnist}"), {"data.dataset=fashion-mnist"});
  EXPECT_EQ(config.data.directory, "/usr/share/datasets/fashion-mnist");
  EXPECT_EQ(config.notes,
            (Texts{"data.directory: data/mnist is left out, it belongs to data.dataset: mnist"}));
}

TEST(GovernedKeys, ValuesThatSayTheSameLeaveNothingOut) {
  const std::string yaml = resolved("data: {dataset: mnist, directory: /my/mnist}");
  EXPECT_EQ(read(yaml, {"data.dataset=mnist"}).data.directory, "/my/mnist");
  EXPECT_TRUE(read(yaml, {"data.dataset=mnist", "train.batch=3"}).notes.empty());
  EXPECT_EQ(read("data: {directory: /my/mnist}", {"data.dataset=mnist"}).data.directory, "/my/mnist")
      << "mnist is the default";
  EXPECT_EQ(read("data: {dataset: mnist, directory: /my/mnist}", {"data.dataset=null"}).data.directory,
            "/my/mnist");
}

TEST(GovernedKeys, GivenBesideTheirGovernorStay) {
  const std::string yaml = resolved("data: {dataset: mnist}");
  const RunConfig config = read(yaml, {"data.directory=/f", "data.dataset=fashion-mnist"});
  EXPECT_EQ(config.data.directory, "/f");
  EXPECT_TRUE(config.notes.empty());
  EXPECT_EQ(refusal(yaml, {"train.optimiser=sgd", "train.rho=0.5"}),
            "override 'train.rho=0.5': train.rho: has no effect while optimiser is sgd");
}

TEST(GovernedKeys, WithoutADefaultAreAskedForAnew) {
  EXPECT_EQ(refusal("data: {dataset: idx, directory: d}", {"data.dataset=npy"}),
            "x.yaml:1:1: data.directory: missing: dataset npy needs the directory that holds train.npy and "
            "test.npy");
}

TEST(GovernedKeys, StillRefusedWhereTheFileContradictsItself) {
  EXPECT_EQ(refusal("train: {optimiser: adam, rho: 0.9}", {"train.batch=3"}),
            "x.yaml:1:31: train.rho: has no effect while optimiser is adam");
}

// Every resolved config takes every other choice of every key, and what it then says is what the choice alone
// would give.
TEST(GovernedKeys, OfAResolvedConfigTakeEveryOtherChoice) {
  for (const auto& [from, change] : std::vector<std::pair<std::string, std::string>>{
           {"{}", "model.head=softmax"},
           {"{}", "model.head=logistic_mixture"},
           {"model: {head: softmax}", "model.head=bernoulli"},
           {"model: {head: logistic_mixture}", "model.head=softmax"},
           {"model: {head: logistic_mixture, forecast: {kernel: 5}}", "model.head=bernoulli"},
           {"{}", "model.activation=elu"},
           {"model: {activation: elu}", "model.activation=leaky_relu"},
           {"model: {activation: elu}", "model.activation=relu"},
           {"{}", "train.optimiser=adam"},
           {"{}", "train.optimiser=sgd"},
           {"train: {optimiser: sgd}", "train.optimiser=rmsprop"},
           {"train: {optimiser: adamw}", "train.optimiser=adam"},
           {"train: {optimiser: adamw}", "train.optimiser=sgd"},
           {"train: {optimiser: adam}", "train.optimiser=muon"},
           {"train: {optimiser: muon}", "train.optimiser=adamw"},
           {"train: {optimiser: muon}", "train.optimiser=sgd"},
           {"train: {schedule: {kind: warmup_cosine}}", "train.schedule.kind=constant"},
           {"train: {schedule: {kind: step, every_steps: 3}}", "train.schedule.kind=warmup_cosine"},
           {"{}", "data.train_on=test"},
           {"{}", "data.dataset=cifar10"},
           {"data: {dataset: cifar10}", "data.dataset=mnist"},
           {"data: {colour: true}", "data.colour=false"},
           {"data: {colour: true}", "data.dataset=cifar10"},
           {"{}", "data.binarisation=bernoulli_fixed"},
           {"data: {binarisation: bernoulli_fixed}", "data.binarisation=threshold"},
           {"data: {validation_choice: seeded}", "data.validation_choice=last"},
           {"data: {validation_choice: seeded}", "data.train_on=test"},
           {"data: {dataset: npy, directory: d, quantised: true}", "data.dataset=mnist"},
           {"{}", "sample.sampler=naive"},
           {"model: {blocks: [{kind: residual}]}", "model.blocks.0.kind=masked_conv"}}) {
    const std::string in_two_steps = resolved(resolved(from), {change});
    // From a config in which nothing is given but what the choice itself does not govern.
    const std::string at_once =
        resolved(change.starts_with("model.blocks") ? "model: {blocks: [{}]}" : "{}", {change});
    EXPECT_EQ(in_two_steps, at_once) << from << " with " << change;
  }
}

TEST(GovernedKeys, AreToldOfInOneLineForEachGovernor) {
  const RunConfig config =
      read(resolved("train: {epsilon: 1e-5}"), {"train.optimiser=adam", "data.dataset=fashion-mnist"});
  EXPECT_EQ(config.notes,
            (Texts{"data.directory: data/mnist is left out, it belongs to data.dataset: mnist",
                   "train.momentum: 0, train.epsilon: 1.0e-05, train.rho: 0.9, train.epsilon_under_root: "
                   "false are left out, they belong to train.optimiser: rmsprop"}));
  EXPECT_EQ(config.train.optimiser.epsilon, 1e-7);
}

TEST(GovernedKeys, MeanTheSameForAdamAndAdamw) {
  const RunConfig config =
      read("train: {optimiser: adam, beta1: 0.8, epsilon: 1e-4}", {"train.optimiser=adamw"});
  EXPECT_EQ(config.train.optimiser.beta1, 0.8);
  EXPECT_EQ(config.train.optimiser.epsilon, 1e-4);
  EXPECT_TRUE(config.notes.empty());
  EXPECT_EQ(
      read("train: {optimiser: rmsprop, epsilon: 1e-4}", {"train.optimiser=adamw"}).train.optimiser.epsilon,
      1e-7);
  EXPECT_EQ(
      read("train: {optimiser: sgd, momentum: 0.9}", {"train.optimiser=rmsprop"}).train.optimiser.momentum,
      0.0);
}

TEST(GovernedKeys, OfAnIncludedFileFollowTheSameRule) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / "pcnn_governed_include";
  fs::create_directories(folder);
  std::ofstream(folder / "base.yaml") << "data: {dataset: mnist, directory: /my/mnist}\n";
  std::ofstream(folder / "x.yaml") << "include: base.yaml\ndata: {dataset: fashion-mnist}\n";
  const std::string path = (folder / "x.yaml").string();
  const auto read_file = [&](const Texts& overrides) {
    return read_run_config(ConfigDocument::from_file(path, overrides), "x");
  };
  EXPECT_EQ(read_file({}).data.directory, "/usr/share/datasets/fashion-mnist");
  EXPECT_EQ(read_file({"data.dataset=mnist"}).data.directory, "/my/mnist") << "it is that data set again";
  const ConfigDocument document = ConfigDocument::from_file(path);
  (void)read_run_config(document, "x");
  EXPECT_EQ(document.standalone_yaml(), "data:\n  dataset: fashion-mnist\n");
  fs::remove_all(folder);
}

TEST(RunConfigNotes, SayWhenAConfigIsEmpty) {
  const std::string note =
      "x.yaml: holds no key, so everything is the default: dataset mnist, a network without blocks, 10 "
      "epochs; configs/reference.yaml shows every key";
  EXPECT_EQ(read("", {}).notes, Texts{note});
  EXPECT_EQ(read("# nothing\n", {"name=x"}).notes, Texts{note});
  EXPECT_TRUE(read("name: x\n", {}).notes.empty());
}

}  // namespace
}  // namespace pcnn

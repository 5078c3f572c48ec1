#include "engine/run/start_from.h"

#include <algorithm>

#include "engine/io/safetensors.h"
#include "engine/model/initialise.h"
#include "engine/model/network_builder.h"
#include "engine/run/metrics.h"
#include "engine/run/trained_model.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

// Runs that start from another.
class StartFrom : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    run({.config = config(), .overrides = {"name=first"}});
  }
  [[nodiscard]] Texts second(const std::string& name, Texts more = {}) const {
    more.insert(more.end(), {"name=" + name, "train.start_from=" + directory("first")});
    return more;
  }
  [[nodiscard]] std::vector<float> best(const std::string& name) const {
    return load_trained_model(directory(name)).parameters;
  }
};

TEST_F(StartFrom, BeginsWithTheParametersThatScoreWithAnOptimiserOfItsOwn) {
  // Steps so small that they move nothing.
  run({.config = config(),
       .overrides = second("still", {"train.optimiser=sgd", "train.learning_rate=1e-30", "train.epochs=1",
                                     "train.average.decay=0"})});
  const TrainedModel first = load_trained_model(directory("first"));
  EXPECT_EQ(best("still"), first.parameters);
  const std::vector<EpochMetrics> before = read_metrics_log(directory("first") + "/metrics.jsonl").epochs,
                                  after = read_metrics_log(directory("still") + "/metrics.jsonl").epochs;
  ASSERT_EQ(before.size(), 3u);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].validation_nats_per_dim, before[2].validation_nats_per_dim);
  EXPECT_EQ(after[0].epoch, 1);
  EXPECT_EQ(after[0].step, 5) << "counted anew";

  // A file does as well, and the last one has an average of its own.
  const std::vector<float> from_file =
      start_parameters(directory("first") + "/checkpoint.safetensors", first.network).values;
  EXPECT_EQ(from_file, load_trained_model(directory("first") + "/checkpoint.safetensors").parameters);
}

TEST_F(StartFrom, SaysWhichConvolutionsHaveAnotherDilation) {
  Network network = load_trained_model(directory("first")).network;
  EXPECT_EQ(start_parameters(directory("first"), network).note, "");
  for (Node& node : network.nodes)
    if (node.name == "blocks.0.spatial") std::get<MaskedConvOp>(node.op).row_dilation = 2;
  EXPECT_EQ(start_parameters(directory("first"), network).note,
            "blocks.0.spatial is of another dilation than where its parameters come from");
  run({.config = config(), .overrides = second("wide", {"model.blocks.dilation=2"})});
  EXPECT_NE(slurp(directory("wide") + "/log.txt").find("blocks.0.spatial is of another dilation"),
            std::string::npos);
}

TEST_F(StartFrom, SaysWhichAttentionHasAnotherNumberOfHeads) {
  const std::string block = "model.blocks=[{kind: attention, heads: 2, key: 3, value: 3}]";
  run({.config = config(), .overrides = {"name=attends", block}});
  Network network = load_trained_model(directory("attends")).network;
  EXPECT_EQ(start_parameters(directory("attends"), network).note, "");
  for (Node& node : network.nodes)
    if (auto* op = std::get_if<AttentionOp>(&node.op)) op->heads = 3;
  EXPECT_EQ(start_parameters(directory("attends"), network).note,
            "blocks.0.attention has 3 heads, and 2 where its parameters come from");
}

TEST_F(StartFrom, IsWrittenDownAndGivesTheSameBitsAgain) {
  run({.config = config(), .overrides = second("a")});
  run({.config = config(), .overrides = second("b", {"threads=1"})});
  EXPECT_EQ(best("a"), best("b"));
  run({.config = config(), .overrides = {"name=scratch"}});
  EXPECT_NE(best("a"), best("scratch"));
  EXPECT_NE(slurp(directory("a") + "/config.yaml").find("start_from: " + directory("first")),
            std::string::npos);
  EXPECT_NE(slurp(directory("a") + "/log.txt")
                .find("starts from the parameters of " + directory("first") + "/best.safetensors"),
            std::string::npos);
  // The config it leaves trains the same again.
  run({.config = directory("a") + "/config.yaml", .overrides = {"name=c"}});
  EXPECT_EQ(best("a"), best("c"));
}

TEST_F(StartFrom, ResumesWithoutTheModelItStartedFrom) {
  run({.config = config(), .overrides = second("whole", {"train.epochs=2"})});
  run({.config = config(), .overrides = second("parts", {"train.epochs=1"})});
  fs::remove_all(directory("first"));
  run({.resume = directory("parts"), .overrides = {"train.epochs=2"}});
  EXPECT_EQ(
      read_safetensors(directory("whole") + "/checkpoint.safetensors").tensors.at("input.weight").values,
      read_safetensors(directory("parts") + "/checkpoint.safetensors").tensors.at("input.weight").values);
  run({.resume = directory("parts"), .overrides = {"train.epochs=3"}, .dry_run = true});
  EXPECT_NE(message_of({.config = config(), .overrides = second("new")}), "");
}

TEST_F(StartFrom, NamesWhatDoesNotFit) {
  const auto refusal = [&](const Texts& overrides) {
    const std::string text = message_of({.config = config(), .overrides = second("x", overrides)});
    EXPECT_EQ(message_of({.config = config(), .overrides = second("x", overrides), .dry_run = true}), text);
    EXPECT_FALSE(fs::exists(directory("x")));
    EXPECT_EQ(text.find('\n'), std::string::npos);
    return text;
  };
  const std::string start = "train.start_from: " + directory("first") + "/best.safetensors: ";
  EXPECT_EQ(refusal({"model.input.kernel=5"}),
            start + "input.weight: found 8x1x3x3, this network needs 8x1x5x5");
  EXPECT_NE(refusal({"model.blocks.filters=2"}).find(": found 4x8x1x1, this network needs 2x8x1x1; "),
            std::string::npos);
  EXPECT_NE(refusal({"model.blocks.repeat=2"})
                .find("blocks.1.reduce.weight: not in it, this network needs 4x8x1x1"),
            std::string::npos);
  EXPECT_NE(refusal({"model.blocks.repeat=0"}).find("this network has no such layer"), std::string::npos);
  EXPECT_EQ(message_of({.config = config(), .overrides = {"train.start_from=" + root_ + "/nowhere"}}),
            "train.start_from: " + root_ +
                "/nowhere: not found, accepted: a run directory (runs/NAME) or a checkpoint file");
  EXPECT_NE(message_of({.config = config(), .overrides = {"train.start_from=" + config()}})
                .find("train.start_from: " + config() + ": "),
            std::string::npos);
}

TEST_F(StartFrom, KeepsDeadWeightsZeroWhateverTheFileHolds) {
  const std::string path = directory("first") + "/best.safetensors";
  SafetensorsFile file = read_safetensors(path);
  file.metadata.erase("checksum");  // as an older version wrote it
  file.metadata["format"] = "pcnn 1";
  std::vector<TensorRef> tensors;
  for (auto& [name, tensor] : file.tensors) {
    for (float& value : tensor.values) value = 3.0f;
    tensors.push_back({name, tensor.shape, tensor.values});
  }
  write_safetensors(path, file.metadata, tensors);
  const Network network = load_trained_model(directory("first")).network;
  const std::vector<float> values = start_parameters(directory("first"), network).values;
  std::vector<float> expected(values.size(), 3.0f);
  zero_dead_weights(network, expected);
  EXPECT_EQ(values, expected);
  EXPECT_NE(std::ranges::count(values, 0.0f), 0);
}

}  // namespace
}  // namespace pcnn

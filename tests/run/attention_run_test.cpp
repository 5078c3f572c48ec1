// Runs of a network that attends, from the config to samples, scores and the proof.

#include <map>

#include "engine/io/safetensors.h"
#include "engine/run/inspect_run.h"
#include "engine/run/sample_run.h"
#include "tests/run/eval_run.h"
#include "tests/run/program.h"

namespace pcnn {
namespace {

const std::string kBlocks =
    "model.blocks=[{kind: gated, filters: 6}, {kind: attention, heads: 2, key: 3, value: 5, repeat: 2}]";

class AttentionRun : public TinyRun {
 protected:
  void train(const std::string& name, std::vector<std::string> more = {}) const {
    std::vector<std::string> overrides{"name=" + name, kBlocks, "model.dropout=0.2"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    run({.config = config(), .overrides = overrides});
  }
  [[nodiscard]] std::map<std::string, std::vector<float>> parameters_of(const std::string& name) const {
    std::map<std::string, std::vector<float>> all;
    for (const auto& [tensor, content] :
         read_safetensors(directory(name) + "/checkpoint.safetensors").tensors)
      all[tensor] = content.values;
    return all;
  }
  void expect_refused(const std::string& block, const std::string& message) const {
    EXPECT_NE(message_of({.config = config(), .overrides = {"model.blocks=" + block}}).find(message),
              std::string::npos)
        << message_of({.config = config(), .overrides = {"model.blocks=" + block}});
  }
};

TEST_F(AttentionRun, GoesOnToTheSameBitsAsOneThatWasNotStoppedOnAnyNumberOfThreads) {
  train("whole");
  train("stopped", {"train.epochs=1", "threads=1"});
  EXPECT_NE(parameters_of("stopped"), parameters_of("whole"));
  run({.resume = directory("stopped"), .overrides = {"train.epochs=3"}});
  EXPECT_EQ(parameters_of("stopped"), parameters_of("whole"));
  EXPECT_EQ(slurp(directory("stopped") + "/samples/epoch-0003.png"),
            slurp(directory("whole") + "/samples/epoch-0003.png"));
  const auto trained = parameters_of("whole");
  for (const char* name : {"query", "key", "value", "out"}) {
    const std::string weight = std::string("blocks.2.") + name + ".weight";
    EXPECT_NE(trained.at(weight), trained.at("average." + weight)) << "it is trained and averaged";
  }
}

TEST_F(AttentionRun, IsScoredDrawnAndProved) {
  train("tiny");
  EXPECT_GT(evaluate({.model = directory(), .live = false}).score.nats_per_dim, 0.0);
  const std::string path = root_ + "/drawn.npy";
  sample({.model = directory(), .output = path, .count = 4, .seed = 3});
  const std::string incremental = slurp(path);
  for (const int speculate : {0, 8}) {
    SampleOptions other{.model = directory(), .output = path, .count = 4, .seed = 3, .overwrite = true};
    other.sampler.kind = speculate ? SamplerKind::kIncremental : SamplerKind::kNaive;
    other.sampler.speculate = speculate;
    sample(other);
    EXPECT_EQ(slurp(path), incremental);
  }

  ::testing::internal::CaptureStdout();
  inspect({.network = directory(), .formulas = true, .threads = 2});
  const std::string text = ::testing::internal::GetCapturedStdout();
  // 30 pixels have 435 pairs, of 2 heads of 3 + 5 maps.
  for (const char* part :
       {"blocks.1.attention                 10x6x5                  0             0            6,960\n",
        "blocks.1.attention               = attention in 2 heads of blocks.1.query to blocks.1.key "
        "before it, of blocks.1.value\n",
        "receptive field: 49 earlier pixels, reaching 5 up, 4 left, 4 right",
        "causality: verified on 30 places x the f32 training program"})
    EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in:\n" << text;
}

TEST_F(AttentionRun, SaysWhatItCostsInADryRun) {
  const std::string said = root_ + "/said.txt";
  EXPECT_EQ(run_program("pcnn-run", {config(), "--dry-run", kBlocks}, said), 0);
  // Of each: 32 pixels of 3 maps of keys, 30 of 5 of values, filled up to 16; 2 heads of 4 bytes.
  EXPECT_NE(
      slurp(said).find("attention: 13,920 multiply-adds an image in 2 layers, which grow with pixels x "
                       "pixels (30 x 30); of keys and values sampling keeps 9,216 bytes per chain, which "
                       "grow with pixels"),
      std::string::npos)
      << slurp(said);
  EXPECT_NE(slurp(said).find("at 6x5, with the keys and values of all pixels"), std::string::npos)
      << slurp(said);
}

TEST_F(AttentionRun, RefusesKeysOfOtherKindsOfBlocks) {
  expect_refused("{kind: attention, kernel: 3}", "model.blocks.kernel: attention blocks have none");
  expect_refused("{kind: attention, filters: 8}", "model.blocks.filters: attention blocks have none");
  expect_refused("{kind: attention, dilation: 2}", "model.blocks.dilation: attention blocks have none");
  expect_refused("{kind: attention, skip: true}", "model.blocks.skip: only gated blocks have one");
  for (const char* key : {"heads", "key", "value"})
    expect_refused(std::string("{kind: gated, ") + key + ": 2}",
                   std::string("model.blocks.") + key + ": only attention blocks have heads");
  expect_refused("{kind: attention, heads: 0}", "model.blocks.heads: found 0");
  expect_refused("{kind: attention, value: 2000}", "model.blocks.value: found 2000");
}

}  // namespace
}  // namespace pcnn

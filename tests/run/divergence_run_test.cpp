// Runs whose training diverges: whatever they diverge by, it is said, and nothing that is not finite is
// written.

#include <algorithm>
#include <cmath>

#include "engine/io/safetensors.h"
#include "engine/run/metrics.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

class DivergingRun : public TinyRun {
 protected:
  [[nodiscard]] std::string message_with(Texts overrides, const std::string& name = "tiny") const {
    overrides.push_back("name=" + name);
    return message_of({.config = config(), .overrides = overrides});
  }
  [[nodiscard]] nlohmann::json results(const std::string& name = "tiny") const {
    return nlohmann::json::parse(slurp(directory(name) + "/results.json"));
  }
  [[nodiscard]] std::int64_t saved_step(const std::string& file = "/checkpoint.safetensors") const {
    const SafetensorsFile checkpoint = read_safetensors(directory() + file);
    return nlohmann::json::parse(checkpoint.metadata.at("training_state")).at("progress").at("step");
  }
  // Every number that the run has written.
  void expect_finite(const std::string& name) const {
    for (const char* file : {"/metrics.jsonl", "/results.json"})
      EXPECT_EQ(slurp(directory(name) + file).find("null"), std::string::npos) << name << file;
    for (const char* file : {"/checkpoint.safetensors", "/previous.safetensors", "/best.safetensors"}) {
      if (!fs::exists(directory(name) + file)) continue;
      const SafetensorsFile checkpoint = read_safetensors(directory(name) + file);
      EXPECT_EQ(checkpoint.metadata.at("training_state").find("null"), std::string::npos) << name << file;
      for (const auto& [tensor, data] : checkpoint.tensors)
        EXPECT_TRUE(std::ranges::all_of(data.values, [](float value) { return std::isfinite(value); }))
            << name << file << ": " << tensor;
    }
  }
};

TEST_F(DivergingRun, IsAnEndOfItsOwnUnderEveryOptimiser) {
  write_config("", "train_images: 32, validation_images: 11");
  int diverged = 0;
  for (const std::string optimiser : {"sgd", "adam", "rmsprop"})
    for (const std::string rate : {"1", "10", "100", "1000"})
      for (const std::string batch : {"8", "32"}) {  // some see it before a step, some after an epoch's last
        const std::string name = optimiser + "-" + rate + "-" + batch;
        const std::string message = message_with(
            {"train.optimiser=" + optimiser, "train.learning_rate=" + rate, "train.batch=" + batch,
             "sample.count=0", "train.epochs=2", "model.blocks.repeat=6"},
            name);
        expect_finite(name);
        EXPECT_EQ(results(name).at("ended"), message.empty() ? "completed" : "failed") << name;
        const std::string again = message_of({.resume = directory(name), .overrides = {"train.epochs=3"}});
        expect_finite(name);
        for (const std::string& one : {message, again})
          EXPECT_TRUE(one.empty() ||
                      one.find(", learning rate " + rate + ": training diverged: ") != std::string::npos)
              << name << ": " << one;
        if (message.empty()) continue;
        ++diverged;
        EXPECT_EQ(results(name).at("diverged"), true) << name;
        EXPECT_NE(message.find("; the state of step "), std::string::npos) << name << ": " << message;
      }
  EXPECT_GE(diverged, 12);
}

// Nothing comes after the only step but the validation.
TEST_F(DivergingRun, OfOneStepIsSeenByItsValidation) {
  const std::string message = message_with({"train.epochs=null", "train.steps=1", "train.optimiser=adam",
                                            "train.learning_rate=1000", "model.blocks.repeat=20"});
  EXPECT_TRUE(message.starts_with(
      "step 1, learning rate 1000: training diverged: the validation loss is not finite, beginning in op '"))
      << message;
  EXPECT_TRUE(
      message.ends_with("; the state of step 0 is kept in " + directory() + "/checkpoint.safetensors"))
      << message;
  EXPECT_EQ(saved_step(), 0) << "the last that was good";
  EXPECT_FALSE(fs::exists(directory() + "/best.safetensors"));
  EXPECT_TRUE(read_metrics_log(directory() + "/metrics.jsonl").epochs.empty());
  expect_finite("tiny");
}

TEST_F(DivergingRun, KeepsTheLastGoodCheckpointInsideAnEpochToo) {
  const std::string message = message_with({"train.checkpoint_every.steps=1", "train.optimiser=adam",
                                            "train.learning_rate=1000", "model.blocks.repeat=20"});
  EXPECT_TRUE(message.starts_with("step 2, learning rate 1000: training diverged: the loss is not finite"))
      << message;
  EXPECT_EQ(saved_step(), 0) << "not that of step 1, which has diverged";
}

// 39 images in one batch: steps and epochs are the same.
TEST_F(DivergingRun, ThatEndsFarWorseThanGuessingIsNotCompleted) {
  const Texts recipe{"train.optimiser=sgd",   "train.learning_rate=50", "train.batch=39",
                     "train.average.decay=0", "train.epochs=1",         "model.head_init=random"};
  const std::string message = message_with(recipe);
  EXPECT_TRUE(
      message.starts_with("step 1, learning rate 50: training diverged: the lowest validation loss is "))
      << message;
  EXPECT_NE(message.find(" nats/dim, where guessing has 0.6931, and training ends here"), std::string::npos)
      << message;
  EXPECT_EQ(results().at("ended"), "failed");
  EXPECT_EQ(saved_step(), 0);
}

// As versions before this one left them.
TEST_F(DivergingRun, OfAnOlderVersionGoesOnPastTheLinesThatItCannotRead) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  const std::string path = directory() + "/metrics.jsonl";
  std::string text = slurp(path);
  const std::size_t at = text.find("\"validation_nats_per_dim\":") + 26;
  text.replace(at, text.find(',', at) - at, "null");
  std::ofstream(path) << text;
  const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
  std::ofstream(directory() + "/results.json")
      << R"({"ended": "completed", "reason": "", "step": 1, "epoch": 1, "models": [{"parameters": "", "epoch": 1,
"images": 9, "nats_per_dim": null, "nats_per_image": null, "bits_per_dim": null}]})";
  EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=3"}}), "");
  const std::string log = slurp(directory() + "/log.txt");
  const auto said = [&](const std::string& what) {
    std::size_t count = 0;
    for (std::size_t found = log.find(what); found != std::string::npos; found = log.find(what, found + 1))
      ++count;
    return count;
  };
  EXPECT_EQ(said(path + ": line " + std::to_string(line) + " cannot be read and is passed over\n"), 1u)
      << log;
  EXPECT_EQ(said(path + ": has no line of 1 of the epochs 1 to 2, the first of them 1\n"), 1u) << log;
  EXPECT_EQ(said(directory() + "/results.json: byte 0: models[0].nats_per_dim: found null, accepted: a "
                               "number from -1e+300 to 1e+300; it is passed over\n"),
            1u)
      << log;
  EXPECT_EQ(read_metrics_log(path).epochs.size(), 2u);
  EXPECT_NE(slurp(path).find("null"), std::string::npos) << "it is left as it was";
  EXPECT_EQ(results().at("ended"), "completed");
  EXPECT_NE(slurp(directory() + "/report.html").find("completed"), std::string::npos);
}

}  // namespace
}  // namespace pcnn

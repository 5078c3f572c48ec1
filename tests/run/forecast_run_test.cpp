// Runs of a network with a forecast, from the config to samples, scores and the proof.

#include <map>

#include "engine/io/safetensors.h"
#include "engine/run/inspect_run.h"
#include "engine/run/sample_run.h"
#include "tests/run/eval_run.h"

namespace pcnn {
namespace {

class ForecastRun : public TinyRun {
 protected:
  void train(const std::string& name, std::vector<std::string> more = {}) const {
    std::vector<std::string> overrides{"name=" + name, "model.head=logistic_mixture", "model.mixtures=3",
                                       "model.forecast.kernel=[3, 5]"};
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
};

TEST_F(ForecastRun, GoesOnToTheSameBitsAsOneThatWasNotStoppedOnAnyNumberOfThreads) {
  train("whole");
  train("stopped", {"train.epochs=1", "threads=1"});
  EXPECT_NE(parameters_of("stopped"), parameters_of("whole"));
  run({.resume = directory("stopped"), .overrides = {"train.epochs=3"}});
  EXPECT_EQ(parameters_of("stopped"), parameters_of("whole"));
  EXPECT_EQ(slurp(directory("stopped") + "/samples/epoch-0003.png"),
            slurp(directory("whole") + "/samples/epoch-0003.png"));
  const auto trained = parameters_of("whole");
  EXPECT_NE(trained.at("forecast.weight"), trained.at("average.forecast.weight"))
      << "it is trained and averaged";
}

TEST_F(ForecastRun, IsScoredDrawnCompletedAndProved) {
  train("tiny");
  const Evaluation evaluation = evaluate({.model = directory(), .live = false});
  EXPECT_GT(evaluation.score.nats_per_dim, 0.0);
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
  for (const char* part :
       {"forecast          A     3x5     1x6x5 ", "forecast                    = bias + 3x5A * image\n",
        "logits.and_forecast         = the maps of logits, then those of forecast\n",
        "receptive field: 12 earlier pixels", "causality: verified on 30 places x the f32 training program"})
    EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in:\n" << text;
}

TEST_F(ForecastRun, StartsFromNoNetworkWithoutOne) {
  train("without", {"model.forecast=null", "train.epochs=1"});
  EXPECT_NE(message_of({.config = config(),
                        .overrides = {"name=with", "model.head=logistic_mixture", "model.mixtures=3",
                                      "model.forecast.kernel=3", "train.start_from=" + directory("without")}})
                .find("forecast.weight: not in it, this network needs 1x1x3x3"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(directory("with")));
}

}  // namespace
}  // namespace pcnn

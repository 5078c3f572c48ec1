// The trained models that come with the project score what they are said to score.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/run/eval_run.h"
#include "engine/run/trained_model.h"
#include "tests/support/source_directory.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

const std::string kTrained = testing::source_directory() + "/configs/trained/";

struct Known {
  std::string name;
  double sample_nats_per_dim;  // of samples.npy, 25 of its own
};

void PrintTo(const Known& known, std::ostream* out) {
  *out << known.name;
}

class ShippedModel : public ::testing::TestWithParam<Known> {
 protected:
  [[nodiscard]] static std::string directory() { return kTrained + GetParam().name; }
};

nlohmann::json read_json(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

TEST_P(ShippedModel, ScoresItsSamplesAsRecorded) {
  const Evaluation evaluation =
      evaluate({.model = directory(), .images = directory() + "/samples.npy", .live = false});
  EXPECT_EQ(evaluation.score.images, 25);
  // Sums in another order, on other processors, differ by far less.
  EXPECT_NEAR(evaluation.score.nats_per_dim, GetParam().sample_nats_per_dim, 1e-5);
  // What it draws costs about what it scores: its samples are typical, and its parameters whole.
  const double test = read_json(directory() + "/results.json")["models"][0]["nats_per_dim"];
  EXPECT_NEAR(evaluation.score.nats_per_dim, test, 0.15 * test);
}

TEST_P(ShippedModel, ScoresTheTestSplitAsItsResultsSay) {
  const RunConfig config = load_trained_model(directory()).config;
  std::string data = config.data.directory;
  if (fs::path(data).is_relative()) data = testing::source_directory() + "/" + data;
  if (!fs::exists(data)) GTEST_SKIP() << "needs " << data;
  const Evaluation evaluation =
      evaluate({.model = directory(), .overrides = {"data.directory=" + data}, .live = false});
  const nlohmann::json best = read_json(directory() + "/results.json")["models"][0];
  EXPECT_EQ(evaluation.score.images, best["images"].get<int>());
  EXPECT_NEAR(evaluation.score.nats_per_dim, best["nats_per_dim"].get<double>(), 1e-5);
}

TEST_P(ShippedModel, IsSmall) {
  EXPECT_LT(fs::file_size(directory() + "/best.safetensors"), 600'000u);
  EXPECT_TRUE(fs::exists(directory() + "/samples.png"));
}

const std::vector<Known> kKnown{{"mnist_small", 0.0875961}, {"fashion_small", 2.2881787}};

INSTANTIATE_TEST_SUITE_P(Configs, ShippedModel, ::testing::ValuesIn(kKnown),
                         [](const auto& info) { return info.param.name; });

TEST(TrainedModels, AreAllKnownHere) {
  std::vector<std::string> found, known;
  for (const auto& entry : fs::directory_iterator(kTrained))
    if (entry.is_directory()) found.push_back(entry.path().filename());
  for (const Known& model : kKnown) known.push_back(model.name);
  EXPECT_TRUE(std::ranges::is_permutation(found, known));
}

}  // namespace
}  // namespace pcnn

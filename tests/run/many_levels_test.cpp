// A softmax head of 65,536 levels from data to scores: as many as 16 bits hold.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/io/npy.h"
#include "engine/run/eval_run.h"
#include "engine/run/sample_run.h"
#include "tests/run/tiny_run.h"
#include "tests/support/random.h"

namespace pcnn {
namespace {

constexpr std::size_t kLevels = 65536;

class ManyLevels : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    testing::Random random(1);
    std::vector<std::uint16_t> train(20 * 6), test(3 * 6);
    for (auto* values : {&train, &test})
      for (std::uint16_t& value : *values) value = static_cast<std::uint16_t>(random.between(0, 65535));
    train[0] = 65535;
    write_npy(root_ + "/data/train.npy", {20, 2, 3}, train);
    write_npy(root_ + "/data/test.npy", {3, 2, 3}, test);
    std::ofstream(config())
        << "name: tiny\noutput: " << root_ << "/runs\nthreads: 2\n"
        << "data: {dataset: npy, directory: " << root_ << "/data, quantised: true, validation_images: 4}\n"
        << "model: {input: {kernel: 3, filters: 4}, output: {filters: 3}, head: softmax, levels: "
           "65536}\n"
        << "train: {optimiser: adam, batch: 8, epochs: 1}\nsample: {count: 1, scale: 1}\n";
  }
};

TEST_F(ManyLevels, TrainSampleAndScore) {
  run({.config = config()});
  const nlohmann::json results = nlohmann::json::parse(slurp(directory() + "/results.json"));
  EXPECT_NEAR(results.at("models").at(0).at("bits_per_dim").get<double>(), 16.0, 0.5)
      << "hardly trained: chance";

  const std::string samples = root_ + "/samples.npy", trace = root_ + "/trace.npy";
  sample({.model = directory(),
          .output = samples,
          .count = 3,
          .threads = 2,
          .trace = trace,
          .verbosity = Verbosity::kQuiet});
  const NpyArray array = read_npy(samples), probabilities = read_npy(trace);
  ASSERT_EQ(array.shape(), (std::vector<std::int64_t>{3, 1, 2, 3}));
  EXPECT_EQ(array.dtype().byte_size, 2);
  ASSERT_EQ(probabilities.shape(), (std::vector<std::int64_t>{3, 1, 2, 3, kLevels}));
  const auto levels = array.values<std::uint16_t>();
  const auto traced = probabilities.values<float>();
  std::vector<double> nats(3);
  for (std::size_t dim = 0; dim < levels.size(); ++dim) {
    const float* of_dim = traced.data() + dim * kLevels;
    double sum = 0.0;
    for (std::size_t level = 0; level < kLevels; ++level) sum += of_dim[level];
    EXPECT_NEAR(sum, 1.0, 1e-5);
    nats[dim / 6] -= std::log(of_dim[levels[dim]]);
  }
  // An array of the model's own levels is read back and scored as it was drawn.
  const Evaluation scored = evaluate({.model = directory(), .images = samples, .live = false});
  ASSERT_EQ(scored.nats.size(), 3u);
  // Two ways of 32-bit arithmetic, to 1e-5 of each of six dimensions.
  for (std::size_t image = 0; image < 3; ++image) EXPECT_NEAR(scored.nats[image], nats[image], 1e-4);
  // And completed: what is known is kept.
  write_npy(root_ + "/mask.npy", {2, 3}, std::vector<std::uint8_t>{1, 1, 1, 1, 0, 1});
  sample({.model = directory(),
          .output = root_ + "/completed.npy",
          .count = 1,
          .threads = 2,
          .complete = samples,
          .mask = root_ + "/mask.npy",
          .verbosity = Verbosity::kQuiet});
  const auto completed = read_npy(root_ + "/completed.npy").values<std::uint16_t>();
  for (std::size_t i = 0; i < completed.size(); ++i) {
    if (i % 6 != 4) {
      EXPECT_EQ(completed[i], levels[i]);
    }
  }
}

TEST_F(ManyLevels, AreThoseOfASoftmaxAlone) {
  const std::string mixture =
      message_of({.config = config(), .overrides = {"model.head=logistic_mixture", "name=mixture"}});
  EXPECT_NE(mixture.find("model.levels: found 65536, accepted: an integer in [2, 1024]"), std::string::npos)
      << mixture;
  const std::string more = message_of({.config = config(), .overrides = {"model.levels=65537", "name=more"}});
  EXPECT_NE(more.find("model.levels: found 65537, accepted: an integer in [2, 65536]"), std::string::npos)
      << more;
}

}  // namespace
}  // namespace pcnn
